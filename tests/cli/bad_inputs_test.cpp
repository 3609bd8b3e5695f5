// A table of bad inputs: mistakes of users, damaged files and hostile files. For each the exit status and a part of the
// one line on standard error. Most are also tested beside the code that refuses them; here the whole program is run on
// them.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmath>
#include <cstring>

#include "cli_test.h"
#include "old_features.h"
#include "support/model_checksum.h"
#include "vgg16/feature_file.h"
#include "weights_files.h"

namespace vgg16 {
namespace {

using testing::HasSubstr;

class BadInputs : public CliTest {
 protected:
  void make_pets() const { make_pictures("pets", {"cats", "dogs"}, 4); }

  void train_pets() const {
    make_pets();
    ASSERT_EQ(run(quick_extract("pets", "pets.h5")).status, 0);
    ASSERT_EQ(run({"train", "-d", "pets.h5", "-m", "pets.model", "--folds", "2"}).status, 0);
  }

  // A picture that cannot be used: extract lists it with `reason` and completes the file without its row.
  void expect_skipped(const std::string& name, const std::string& reason) const {
    SCOPED_TRACE(name);
    const Outcome outcome = run(quick_extract("pets", "a.h5", {"--overwrite"}));
    EXPECT_EQ(outcome.status, 3) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("  cats/" + name + ": "));
    EXPECT_THAT(outcome.err, HasSubstr(reason));
    const auto skipped = read_skipped(path("a.h5"));
    ASSERT_EQ(skipped.size(), 1U);
    EXPECT_EQ(skipped[0].path, "cats/" + name);
    EXPECT_EQ(open_feature_file(path("a.h5")).rows, 8);
    EXPECT_EQ(run(quick_extract("pets", "a.h5", {"--overwrite", "--max-skipped", "1"})).status, 0);
    fs::remove_all(path("pets/cats/" + name));
  }
  void expect_skipped(const std::string& name, const std::string& reason, std::string_view bytes) const {
    write_test_file(path("pets/cats/" + name), bytes);
    expect_skipped(name, reason);
  }
  void expect_skipped(const std::string& name, const std::string& reason, const FileBytes& bytes) const {
    write_test_file(path("pets/cats/" + name), bytes);
    expect_skipped(name, reason);
  }

  void expect_refused_weights(const std::string& part, std::string_view content) const {
    write_test_file(path("w"), content);
    expect_failure(4, part, quick_extract("pets", "a.h5", {"--weights", "w"}));
  }
};

std::string changed(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

// A safetensors file with this header and `size` bytes behind it.
std::string safetensors(const std::string& header, size_t size) {
  std::string bytes(8, '\0');
  const uint64_t length = header.size();
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + std::string(size, '\0');
}

TEST_F(BadInputs, WrongCommandLines) {
  EXPECT_EQ(run({}).status, 2);
  expect_failure(2, "did you mean --batch-size", {"extract", "-d", "a", "-o", "b", "--bacth-size", "1"});
  for (const char* value : {"0", "-1", "1e9", "abc", "99999999999999999999"}) {
    expect_failure(2, "is not a whole number from 1 to 1024", {"extract", "-d", "a", "-o", "b", "--batch-size", value});
  }
}

TEST_F(BadInputs, DatasetsThatCannotBeUsed) {  // without usable pictures: extract_test
  make_pictures("one", {"cats"}, 8);
  ASSERT_EQ(run(quick_extract("one", "one.h5")).status, 0);
  expect_failure(4, "expected at least two classes", {"train", "-d", "one.h5", "-m", "a.model"});
  fs::create_directory(path("secret"));
  ASSERT_EQ(chmod(path("secret").c_str(), 0), 0);
  expect_failure(1, "secret cannot be read: Permission denied", quick_extract("secret", "a.h5"),
                 {.another_user = true});
  ASSERT_EQ(chmod(path("secret").c_str(), 0700), 0);
}

TEST_F(BadInputs, WhatIsNoPicture) {
  make_pets();
  expect_skipped("x.jpg", "empty file", "");
  ASSERT_EQ(mkfifo(path("pets/cats/x.jpg").c_str(), 0600), 0);
  expect_skipped("x.jpg", "not a regular file");
  fs::create_symlink("/dev/zero", path("pets/cats/x.jpg"));
  expect_skipped("x.jpg", "not a regular file");
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string name = path("pets/cats/x.jpg");
  ASSERT_LT(name.size(), sizeof(address.sun_path));
  std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  close(fd);
  expect_skipped("x.jpg", "not a regular file");
  fs::create_symlink("x.jpg", path("pets/cats/x.jpg"));
  expect_skipped("x.jpg", "too many levels of symbolic links");
  fs::create_symlink("nowhere", path("pets/cats/x.jpg"));
  expect_skipped("x.jpg", "link to a missing file");
  expect_skipped("x.jpg", "not a JPEG or PNG", "some text");
  for (const auto& [format, start] : other_formats()) {
    expect_skipped("x.jpg", format + " is not supported", start);
    expect_skipped("x.dat", format + " is not supported", start);
  }
  expect_skipped("x.jpg", "not a JPEG or PNG", std::string(18, '\0'));  // TGA, which has no signature
}

TEST_F(BadInputs, DamagedPicturesAndDecompressionBombs) {
  make_pets();
  const FileBytes jpeg = small_jpeg();
  for (const size_t size : {jpeg.size() / 2, size_t{300}, jpeg.size() - 2}) {
    expect_skipped("x.jpg", "truncated", FileBytes(jpeg.begin(), jpeg.begin() + static_cast<std::ptrdiff_t>(size)));
  }
  const FileBytes header = png_header({.width = 4, .height = 4});
  const FileBytes data = png_chunk("IDAT", deflated(FileBytes(20)));
  expect_skipped("x.png", "truncated", png_of({header, data}));
  FileBytes wrong_sum = png_of({header, data, png_chunk("IEND", {})});
  wrong_sum[30] ^= std::byte{1};
  expect_skipped("x.png", "damaged: a checksum does not match", wrong_sum);
  expect_skipped("x.png", "30000x30000 is over the limit of 50 megapixels",
                 small_png({.width = 30'000, .height = 30'000}, FileBytes(3)));
  expect_skipped("x.png", "truncated: its data ends before the last pixel",
                 small_png({.width = 10'000, .height = 5'000, .depth = 16, .colour = 6, .interlace = 1}, FileBytes(3)));
  FileBytes scans = jpeg;
  const auto scan = scans.begin() + static_cast<std::ptrdiff_t>(find_marker(jpeg, 0xDA));
  const FileBytes one(scan, scan + 14);
  FileBytes many;
  for (int i = 1; i < 1000; ++i) append_bytes(many, one);
  scans.insert(scan, many.begin(), many.end());
  expect_skipped("x.jpg", "too many scans", scans);
  FileBytes flat = jpeg;
  const size_t height = find_marker(jpeg, 0xC0) + 5;
  flat[height] = flat[height + 1] = std::byte{0};
  expect_skipped("x.jpg", "has no pixels", flat);
  expect_skipped("x.png", "has no pixels", small_png({.width = 0, .height = 4}, FileBytes(3)));
}

TEST_F(BadInputs, UnusualPicturesAreTaken) {
  // What their pixels are is compared with Pillow's in image_pillow_test.
  fs::create_directories(path("odd/all"));
  for (const uint8_t colour : {uint8_t{0}, uint8_t{2}, uint8_t{4}, uint8_t{6}}) {
    for (const uint8_t depth : {uint8_t{8}, uint8_t{16}}) {
      write_test_file(path("odd/all/" + std::to_string(colour) + "-" + std::to_string(depth) + ".png"),
                      small_png({.depth = depth, .colour = colour}, FileBytes(9)));
    }
  }
  write_test_file(path("odd/all/palette.png"),
                  png_of({png_header({.colour = 3}), png_chunk("PLTE", FileBytes(3)),
                          png_chunk("IDAT", deflated(FileBytes(2))), png_chunk("IEND", {})}));
  const fs::path corpus = fs::path(VGG16_SOURCE_DIR) / "tests/fuzz/corpus/pictures";
  for (const char* name : {"CMYK.jpg", "L.jpg", "progressive.jpg"})
    fs::copy_file(corpus / name, path("odd/all") / name);
  const Outcome outcome = run(quick_extract("odd", "a.h5"));
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("12 rows"));
}

TEST_F(BadInputs, UnsupportedPicturesAndStrangeNames) {
  make_pets();
  FileBytes kind = small_jpeg();
  kind[find_marker(kind, 0xC0) + 4] = std::byte{12};
  expect_skipped("x.jpg", "12-bit JPEG is not supported", kind);
  kind = small_jpeg();
  kind[find_marker(kind, 0xC0) + 1] = std::byte{0xC9};
  expect_skipped("x.jpg", "arithmetic-coded JPEG is not supported", kind);
  // A file in /sys reports a size of one page and contains less: reading it looks like reading a file that shrinks.
  const fs::path shorter = "/sys/kernel/mm/transparent_hugepage/enabled";
  if (fs::exists(shorter)) {
    fs::create_symlink(shorter, path("pets/cats/x.jpg"));
    expect_skipped("x.jpg", "changed while reading");
  }
  write_test_file(path("pets/cats/x.jpg"), "\xFF\xD8\xFF");
  fs::resize_file(path("pets/cats/x.jpg"), (64 << 20) + 1);
  expect_skipped("x.jpg", "65 MB is over the limit of 64 MB");
  const std::vector<std::string> names = {"new\nline.png", "bad\xFF.png", std::string(251, 'n') + ".png", "-dash.png",
                                          "quo'te\".png"};
  for (const std::string& name : names) write_test_file(path("pets/cats/" + name), class_picture(0, 1));
  const Outcome outcome = run(quick_extract("pets", "b.h5"));
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("13 rows"));
}

TEST_F(BadInputs, OutputsThatCannotBeWritten) {
  make_pets();
  write_test_file(path("a.h5"), "something of value");
  expect_failure(1, "a.h5 already exists; add --overwrite to replace it or --resume to continue it",
                 quick_extract("pets", "a.h5"));
  ASSERT_EQ(mkfifo(path("fifo").c_str(), 0600), 0);  // as for a device, which is not to become a file
  fs::create_symlink("fifo", path("to-fifo"));
  fs::create_symlink("a.h5", path("to-file"));
  fs::create_symlink("nowhere", path("dangling"));
  fs::create_symlink("/dev/null", path("to-device"));
  fs::create_symlink("to-file", path("to-link"));
  const std::map<std::string, std::string> outputs = {{"fifo", ""},
                                                      {"to-fifo", path("fifo").string()},
                                                      {"to-file", path("a.h5").string()},
                                                      {"to-link", path("a.h5").string()},
                                                      {"dangling", "nowhere"},
                                                      {"to-device", "/dev/null"}};
  for (const auto& [name, target] : outputs) {
    const bool file_or_nothing = name == "to-file" || name == "to-link" || name == "dangling";
    const std::string refusal =
        name + (target.empty() ? " is not a regular file; expected a file to write"
                : file_or_nothing
                    ? " is a link to " + target + "; give " + target + " itself as the output"
                    : " is a link to " + target + ", which is not a regular file; expected a file to write");
    expect_failure(1, refusal, {"convert", default_weights(), name, "--overwrite"});
    expect_failure(1, refusal, quick_extract("pets", name, {"--overwrite"}));
    expect_failure(1, refusal, quick_extract("pets", name, {"--resume"}));
    expect_failure(1, refusal, {"train", "-d", "a.h5", "-m", name, "--overwrite"});
    expect_failure(1, refusal, {"merge", "-o", name, "a.h5", "--overwrite"});
  }
  for (const auto& [name, target] : outputs) fs::remove(path(name));
  // Standard output under any of its names: /dev/stdout is a link to it.
  const Outcome piped = bash("ln -s /proc/self/fd/1 stdout; \"$VGG16\" train -d a.h5 -m stdout --overwrite > report");
  EXPECT_EQ(piped.status, 1);
  EXPECT_THAT(piped.err, HasSubstr("stdout is a link to " + path("report").string()));
  fs::remove(path("stdout"));
  fs::remove(path("report"));
  expect_failure(1, "there is no folder no", quick_extract("pets", "no/a.h5"));
  expect_failure(1, "/proc/a.h5 cannot be created: ", quick_extract("pets", "/proc/a.h5"));
  expect_failure(1, ", the limit for one file is 100 kB", {"extract", "-d", "pets", "-o", "b.h5"},
                 {.file_size_limit = 100'000});
  if (VGG16_TEST_SANITIZED) return;  // the next one fails a call of the program's
  const std::vector<std::string> full = {std::string("LD_PRELOAD=") + VGG16_FAIL_CALLS, "VGG16_FAIL_ERROR=28"};
  RunOptions options{.environment = full};
  options.environment.insert(options.environment.end(), {"VGG16_FAIL=space", "VGG16_FAIL_AT=1"});
  expect_failure(1, "b.h5 needs ", quick_extract("pets", "b.h5"), options);
  options.environment = full;
  options.environment.insert(options.environment.end(),
                             {"VGG16_FAIL=write", "VGG16_FAIL_AT=9", "VGG16_FAIL_FOR_GOOD=1"});
  const Outcome outcome = run(quick_extract("pets", "b.h5", {"-s", "1"}), options);
  EXPECT_EQ(outcome.status, 1);
  EXPECT_FALSE(fs::exists(path("b.h5")));
  EXPECT_TRUE(fs::exists(path("b.h5.partial")));
  EXPECT_EQ(run(quick_extract("pets", "b.h5", {"-s", "1", "--resume"})).status, 0);
}

TEST_F(BadInputs, NoInputIsReplacedByTheOutput) {
  make_pets();
  write_test_file(path("pets/cats/x.webp"), "RIFF....WEBPVP8 ");
  fs::create_symlink(path("linked.png"), path("pets/dogs/link.png"));
  write_test_file(path("linked.png"), class_picture(0, 1));
  fs::copy_file(default_weights(), path("w"));
  for (const char* way : {"--overwrite", "--resume"}) {
    for (const char* picture : {"pets/cats/0.png", "pets/../pets/dogs/1.png", "pets/cats/x.webp", "linked.png"}) {
      expect_failure(2, std::string(picture) + " is both input and output", quick_extract("pets", picture, {way}));
      expect_failure(2, std::string(picture) + " is both input and output",
                     quick_extract("pets", picture, {way, "--shard", "1/9"}));
    }
    expect_failure(2, "w is both input and output", quick_extract("pets", "w", {way, "--weights", "./w"}));
    expect_failure(2, "w is both input and output", quick_extract("pets", "w", {way}),
                   {.environment = {"VGG16_WEIGHTS=w"}});
  }
  fs::rename(path("w"), path("w.partial.new"));
  expect_failure(2, "w.partial.new is both input and output",
                 quick_extract("pets", "w", {"--weights", "w.partial.new"}));
}

TEST_F(BadInputs, UnfinishedFiles) {
  make_pets();
  ASSERT_EQ(run(quick_extract("pets", "a.h5")).status, 0);
  const std::string whole = bytes("a.h5");
  const auto offer = [&](const std::string& content) {
    fs::remove(path("a.h5"));
    write_test_file(path("a.h5.partial"), content);
  };
  offer(whole);
  expect_failure(4, "a.h5.partial belongs to another run: seeds differ",
                 quick_extract("pets", "a.h5", {"--resume", "--seed", "7"}));
  const int lock = open(path("a.h5.partial").c_str(), O_RDWR | O_CLOEXEC);
  struct flock exclusive {};
  exclusive.l_type = F_WRLCK;
  ASSERT_EQ(fcntl(lock, F_OFD_SETLK, &exclusive), 0);
  expect_failure(1, "another run is writing this file", quick_extract("pets", "a.h5", {"--resume"}));
  close(lock);
  const FeatureTable table = open_feature_file(path("a.h5.partial"));
  std::vector<float> row(static_cast<size_t>(table.columns));
  table.read_rows(3, 1, row.data());
  std::string damaged = whole;
  const size_t at = damaged.find(std::string(reinterpret_cast<const char*>(row.data()), row.size() * sizeof(float)));
  ASSERT_NE(at, std::string::npos);
  damaged[at + 5] = static_cast<char>(damaged[at + 5] ^ 1);
  offer(damaged);
  const Outcome outcome = run(quick_extract("pets", "a.h5", {"--resume"}));
  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.err, HasSubstr("row 3 was damaged on disk; it is computed again"));
  EXPECT_TRUE(bytes("a.h5") == whole);
}

TEST_F(BadInputs, WeightsThatCannotBeUsed) {
  make_pets();
  expect_failure(1, "missing.h5: no such file", quick_extract("pets", "a.h5", {"--weights", "missing.h5"}));
  expect_refused_weights("is an HTML page", "<!DOCTYPE html><html></html>");
  expect_refused_weights("a Git LFS pointer", "version https://git-lfs.github.com/spec/v1\n");
  expect_refused_weights("is a gzip archive", "\x1F\x8B\x08 gz");
  const std::string whole = read_bytes(default_weights());
  expect_refused_weights("block3_conv2/kernel in w: missing",
                         changed(whole, "block3_conv2/kernel", "block3_conv2/kernal"));
  expect_refused_weights("shape (3, 3, 64, 3), expected (3, 3, 3, 64)", changed(whole, "[3,3,3,64]", "[3,3,64,3]"));
  expect_refused_weights("expected", changed(whole, "\"F16\"", "\"I16\""));
  std::string infinite = whole;
  infinite[infinite.size() - 1] = '\x7C';
  infinite[infinite.size() - 2] = '\0';
  expect_refused_weights("1 values are not finite", infinite);
  // Rows 40 and 41, weights that lead to other files or claim any size, are HDF5's: weights_test makes them with h5py.
}

TEST_F(BadInputs, DamagedSafetensors) {
  make_pets();
  const auto entry = [](const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return "{\"a\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}}";
  };
  expect_refused_weights("its header would take", std::string("\xFF\xFF\xFF\xFF\0\0\0\0{}", 10));
  expect_refused_weights("a hole between two tensors", safetensors(entry("F32", "[1]", "[4,8]"), 8));
  expect_refused_weights("its data lies outside the file", safetensors(entry("F32", "[1]", "[0,8]"), 4));
  expect_refused_weights("expected F16, F32, F64 or U32", safetensors(entry("I8", "[4]", "[0,4]"), 4));
  expect_refused_weights("a dimension is not a whole number", safetensors(entry("F32", "[-1]", "[0,4]"), 4));
  expect_refused_weights("nested too deeply", safetensors("{\"a\":" + std::string(100'000, '['), 0));
  const std::string one = R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  expect_refused_weights("names \"a\" twice", safetensors("{" + one + "," + one + "}", 4));
  expect_refused_weights("two tensors overlap", safetensors("{" + one + "," + changed(one, "\"a\"", "\"b\"") + "}", 4));
  std::string many = "{";
  for (int i = 0; i < 10'000; ++i) many += (i > 0 ? "," : "") + changed(one, "\"a\"", "\"t" + std::to_string(i) + "\"");
  expect_refused_weights("more values than 512 tensors need", safetensors(many + "}", 4));
}

TEST_F(BadInputs, FeaturesThatCannotBeUsed) {
  const std::vector<double> values(16, 0.5);
  const std::vector<int64_t> labels = {0, 1, 0, 1, 0, 1, 0, 1};
  const auto refused = [&](const std::string& part) {
    expect_failure(4, part, {"train", "-q", "-d", "f.h5", "-m", "a.model", "--folds", "2"});
  };
  write_old_features(path("f.h5"), values, {0, 1, 0, 1, 0, 1, 0, 2}, {"cats", "dogs"});
  refused("f.h5 has label 2 in row 7, but only 2 names in 'label_names'");
  write_old_features(path("f.h5"), values, {0, 1, 0, 1, 0, 1, 0, -1}, {"cats", "dogs"});
  refused("f.h5 has label -1 in row 7");
  std::vector<double> infinite = values;
  infinite[3] = std::nan("");
  write_old_features(path("f.h5"), infinite, labels, {"cats", "dogs"});
  refused("f.h5: row 1: column 1 is nan, expected a finite number");
  // Zeros, as a crash can leave them where data was never written to the disk.
  const auto blank = [&](std::vector<size_t> rows) {
    std::vector<double> some = values;
    std::vector<int64_t> theirs = labels;
    for (const size_t at : rows) some[2 * at] = some[2 * at + 1] = static_cast<double>(theirs[at] = 0);
    write_old_features(path("f.h5"), some, theirs, {"cats", "dogs"});
  };
  blank({6, 7});
  refused("f.h5 is unfinished: rows 6 to 7 are all zero with label 0");
  blank({7});
  refused("row 7 is all zero");
  blank({2, 3, 4});
  refused("rows 2 to 4 are all zero");
  blank({0, 1});
  refused("rows 0 to 1 are all zero");
  std::vector<double> run_of_many(2 * 300, 0.5);
  std::fill(run_of_many.begin() + 2 * 50, run_of_many.begin() + 2 * 250, 0.0);
  std::vector<int64_t> before_it(300, 0);
  for (size_t i = 0; i < 50; i += 2) before_it[i] = 1;
  write_old_features(path("f.h5"), run_of_many, before_it, {"cats", "dogs"});
  refused("rows 50 to 249 are all zero");
  std::fill(run_of_many.begin() + 2 * 250, run_of_many.end(), 0.0);
  write_old_features(path("f.h5"), run_of_many, before_it, {"cats", "dogs"});
  refused("rows 50 to 299 are all zero");
  blank({2});  // a picture may be like this
  EXPECT_EQ(run({"train", "-q", "-d", "f.h5", "-m", "blank.model", "--folds", "2"}).status, 0);
  // One letter changed in a dataset's stored name, so that the dataset is missing.
  write_old_features(path("f.h5"), values, labels, {"cats", "dogs"});
  const std::string good = bytes("f.h5");
  write_test_file(path("f.h5"), changed(good, "labels", "labelz"));
  refused("f.h5 has no dataset 'labels'");
  write_test_file(path("f.h5"), changed(good, "features", "featurez"));
  refused("f.h5 has no dataset 'features'");
  write_test_file(path("f.h5"), good.substr(0, good.size() - 1));
  refused("f.h5 was cut short");

  train_pets();
  std::string unfinished = bytes("pets.h5");
  const FeatureTable table = open_feature_file(path("pets.h5"));
  std::vector<float> row(static_cast<size_t>(table.columns));
  table.read_rows(0, 1, row.data());
  std::string first(8, '\0');
  first += std::string(reinterpret_cast<const char*>(&table.labels[0]), 8);
  first += std::string(reinterpret_cast<const char*>(row.data()), row.size() * sizeof(float));
  const uint32_t sum = crc32_of(first.data(), first.size());
  write_test_file(path("pets.h5.partial"),
                  changed(unfinished, std::string(reinterpret_cast<const char*>(&sum), 4), std::string(4, '\0')));
  expect_failure(4, "it holds 7 of 8 rows; finish it with vgg16 extract --resume",
                 {"train", "-d", "pets.h5.partial", "-m", "a.model"});
  write_test_file(path("other.model"),
                  with_checksum_of_now(changed(bytes("pets.model"), "block1_pool", "block2_pool")));
  expect_failure(4, "the model expects 64 numbers, block2_pool gives 128", {"predict", "-m", "other.model", "pets"});
  expect_failure(4, "expected at least as many as folds, 9",
                 {"train", "-d", "pets.h5", "-m", "a.model", "--folds", "9"});
}

TEST_F(BadInputs, ModelsThatCannotBeUsed) {
  train_pets();
  const std::string model = bytes("pets.model");
  const auto refused = [&](const std::string& part, const std::string& content) {
    write_test_file(path("m"), content);
    expect_failure(4, part, {"predict", "-m", "m", "pets"});
  };
  refused("m: ", model.substr(0, model.size() - 1));
  refused("m: ", model.substr(0, 100));
  refused("not a JSON list", with_checksum_of_now(changed(model, "[\\\"cats", "(\\\"cats")));
  refused("m: damaged: its checksum does not match its content; copy it again", changed(model, "cats", "cat3"));
  refused("vgg16-classifier-9", changed(model, "vgg16-classifier-1", "vgg16-classifier-9"));
  // A coefficient, and the intercept, which is last.
  const std::string infinity("\0\0\0\0\0\0\xF0\x7F", 8);
  const std::string huge("\0\0\0\0\0\0\xE0\x7F", 8);
  const auto ending = [&](size_t from_end, const std::string& number) {
    return with_checksum_of_now(std::string(model).replace(model.size() - from_end, 8, number));
  };
  refused("m: coef: value 63 is not finite", ending(16, infinity));
  expect_failure(4, "m: coef: value 63 is not finite", {"info", "m"});
  refused("m: intercept: value 0 is not finite", ending(8, infinity));
  std::string large = model;
  for (size_t number = 2; number <= 65; ++number) large.replace(large.size() - 8 * number, 8, huge);
  refused("m: the scores of a row are not finite", with_checksum_of_now(large));
  refused("a Python pickle", "\x80\x04\x95 and code");
}

TEST_F(BadInputs, EveryCommandSaysWhatAFileIs) {
  train_pets();
  const std::map<std::string, std::string> kinds = {
      {"a JPEG picture", "\xFF\xD8\xFF\xE0\x10"},
      {"a NumPy array", "\x93NUMPY\x01"},
      {"a MATLAB .mat file", "MATLAB 5.0 MAT-file, Platform: GLNXA64"},
      {"a MATLAB 7.3 .mat file", "MATLAB 7.3 MAT-file, Platform: GLNXA64"},
      {"an ONNX model", "\x08\x07\x12\x07pytorch\x1A\x03"},
      {"a zip archive (NumPy's .npz, PyTorch's .pt)", "PK\x03\x04 and more"},
      {"a gzip archive", "\x1F\x8B\x08 and more"},
      {"a Python pickle", "\x80\x04\x95 and code"},
      {"text", "features,label\n1.5,cats\n"},
      {"of an unknown kind", "\1\2\3\4\5\6\7\1\2\3"}};
  for (const auto& [kind, content] : kinds) {
    SCOPED_TRACE(kind);
    write_test_file(path("x"), content);
    const std::string either = "x is " + kind + "; expected an HDF5 (.h5) or safetensors file; ";
    const bool numpy = kind == "a NumPy array";  // which train reads
    const std::string features = "x is " + kind + "; expected a features file (HDF5" + (numpy ? "); " : ", .npy); ");
    expect_failure(4, either, {"info", "x"});
    expect_failure(4, either, {"convert", "x", "y"});
    expect_failure(4, either, quick_extract("pets", "y", {"--weights", "x"}));
    expect_failure(4, numpy ? "x is damaged: it has no complete header" : features, {"train", "-d", "x", "-m", "y"});
    expect_failure(4, features, {"merge", "-o", "y", "x"});
    expect_failure(4, features, quick_extract("pets", "x", {"--resume"}));
    expect_failure(4, "x is " + kind + "; expected a model made by vgg16 train; ", {"predict", "-m", "x", "pets"});
  }
  expect_failure(4, "pets is a folder; expected a features file",
                 {"train", "-d", "pets.h5", "-m", "y", "--test", "pets"});
  for (const Words& words : {Words{"info", "pets"}, {"convert", "pets", "y"}, {"predict", "-m", "pets", "pets"}}) {
    expect_failure(4, "pets: a folder; expected a file", words);
  }
}

TEST_F(BadInputs, DevicesThatAreMissing) {
  make_pets();
  const bool offered = run({"extract", "--help"}).out.find("cuda") != std::string::npos;
  const Outcome outcome = run(quick_extract("pets", "a.h5", {"--device", "cuda:99"}));
  EXPECT_EQ(outcome.status, offered ? 1 : 2) << outcome.err;
  EXPECT_EQ(outcome.err_lines().size(), 1U) << outcome.err;
  EXPECT_FALSE(fs::exists(path("a.h5")));
}

TEST_F(BadInputs, StreamsThatAreFullOrClosed) {  // all of them: streams_test
  make_pets();
  EXPECT_EQ(run(quick_extract("pets", "a.h5"), {.output = "/dev/full"}).status, 1);
  EXPECT_EQ(run(quick_extract("pets", "b.h5"), {.closed = {0, 1, 2}}).status, 0);
  EXPECT_TRUE(bytes("a.h5") == bytes("b.h5"));
}

}  // namespace
}  // namespace vgg16
