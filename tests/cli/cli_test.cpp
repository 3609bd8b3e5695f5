#include "cli_test.h"

#include <random>

#include "support/another_user.h"

namespace vgg16 {

FileBytes class_picture(int label, uint32_t seed) {
  constexpr PngHeader kHeader = {.width = 12, .height = 10, .colour = 2};
  std::mt19937 random(seed * 97U + static_cast<uint32_t>(label));
  FileBytes raw;
  for (uint32_t y = 0; y < kHeader.height; ++y) {
    raw.push_back(std::byte{0});
    for (uint32_t i = 0; i < 3 * kHeader.width; ++i) {
      const unsigned base = static_cast<int>(i % 3) == label % 3 ? 170U : 40U;
      raw.push_back(static_cast<std::byte>(base + random() % 80U));
    }
  }
  return small_png(kHeader, raw);
}

CliTest::CliTest() : folder_(root_ / "work"), scratch_(root_ / "streams") { fs::create_directory(folder_); }

CliTest::Words CliTest::command(const Words& words) const {
  Words all = {VGG16_PROGRAM};
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

Outcome CliTest::run(const Words& words, const RunOptions& options) const {
  if (!options.another_user) return Process(command(words), folder_, scratch_, options).wait();
  // The build folder may be inaccessible to other users.
  const fs::path program = root_ / "vgg16";
  fs::copy_file(VGG16_PROGRAM, program, fs::copy_options::skip_existing);
  for (const fs::path& opened : {program, root_.path(), folder_}) fs::permissions(opened, fs::perms(0777));
  Words all = {program};
  all.insert(all.end(), words.begin(), words.end());
  return Process(as_another_user(all), folder_, scratch_, options).wait();
}

Outcome CliTest::bash(const std::string& script, const RunOptions& options) const {
  RunOptions with_name = options;
  with_name.environment.emplace_back(std::string("VGG16=") + VGG16_PROGRAM);
  return Process({"bash", "-c", script}, folder_, scratch_, with_name).wait();
}

void CliTest::expect_failure(int status, const std::string& part, const Words& words, const RunOptions& options) const {
  std::string shown;
  for (const std::string& word : words) shown += " " + testing::PrintToString(word);
  SCOPED_TRACE(shown);
  const auto before = files();
  const Outcome outcome = run(words, options);
  EXPECT_EQ(outcome.status, status);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, testing::StartsWith("vgg16: "));
  EXPECT_THAT(outcome.err, testing::HasSubstr(part));
  EXPECT_EQ(outcome.err.find('\n') + 1, outcome.err.size()) << outcome.err;
  EXPECT_EQ(files(), before);
}

void CliTest::make_pictures(const std::string& name, const std::vector<std::string>& classes, int count) const {
  for (size_t label = 0; label < classes.size(); ++label) {
    const fs::path folder = folder_ / name / classes[label];
    fs::create_directories(folder);
    for (int i = 0; i < count; ++i) {
      write_test_file(folder / (std::to_string(i) + ".png"),
                      class_picture(static_cast<int>(label), static_cast<uint32_t>(i)));
    }
  }
}

CliTest::Words CliTest::quick_extract(const std::string& folder, const std::string& output, const Words& more) {
  Words words = {"extract", "-d", folder, "-o", output, "--layer", "block1_pool", "--pool", "avg"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::map<std::string, std::string> CliTest::files() const {
  std::map<std::string, std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder_, fs::directory_options::skip_permission_denied)) {
    found[entry.path().lexically_relative(folder_)] = entry.is_regular_file() ? read_bytes(entry.path()) : "";
  }
  return found;
}

void TrainedCliTest::SetUp() {
  make_pictures("pets", {"cats", "dogs", "owls"}, 8);
  ASSERT_EQ(run(quick_extract("pets", "pets.h5")).status, 0);
  ASSERT_EQ(run({"train", "-d", "pets.h5", "-m", "pets.model"}).status, 0);
  fs::create_directory(path("new"));
  for (int label = 0; label < 3; ++label) {
    write_test_file(path("new/" + std::to_string(label) + ".png"), class_picture(label, 1000));
  }
}

nlohmann::json json_line(const std::string& text) {
  EXPECT_EQ(text.find('\n') + 1, text.size()) << "not one line: " << text;
  return nlohmann::json::parse(text);
}

std::vector<std::string> keys(const nlohmann::json& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;
}

}  // namespace vgg16
