// Every call to the file system fails once, and for good; every state that a crash or a power cut can leave is resumed.
// VGG16_TEST_POWER_CUTS sets the number of states after a power cut, 500 by default.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <functional>
#include <map>
#include <random>

#include "files/posix_file.h"
#include "support/expect_error.h"
#include "support/feature_rows.h"
#include "support/file_calls.h"
#include "support/temp_dir.h"
#include "vgg16/error.h"
#include "vgg16/feature_file.h"

namespace vgg16 {
namespace {

namespace fs = std::filesystem;
using file_calls::Event;

constexpr int64_t kRows = 12;
constexpr int64_t kColumns = 300;  // a row of more than two sectors
constexpr FeatureWriteOptions kResume = {.resume = true, .rows_per_commit = 3};

// Writes what is missing, in commits of three rows, and marks how many rows are safe. Every `dropped`-th row is
// dropped.
void run(const fs::path& path, int64_t dropped) {
  FeatureFileWriter writer(path, test_plan(kRows, kColumns), kResume);
  for (const int64_t row : writer.missing_rows()) {
    if (dropped > 0 && row % dropped == 1) {
      writer.drop(row, "cannot be decoded");
    } else {
      writer.write(row, test_row(row, kColumns));
    }
    if (row % 3 == 2) {
      writer.commit();
      file_calls::mark("committed", writer.committed_rows());
    }
  }
  writer.finish();
  file_calls::mark("finished", 1);
}

// The parts are made once, outside the watched folder: only the merge is made to fail.
void run_merge(const fs::path& path) {
  static const std::vector<std::string> kParts = [] {
    const TempDir folder;
    std::vector<std::string> parts;
    for (int64_t index = 1; index <= 3; ++index) {
      write_test_file_of(folder / "part.h5", shard_plan(test_plan(kRows, kColumns), {index, 3}), {.overwrite = true});
      parts.push_back(read_bytes(folder / "part.h5"));
    }
    return parts;
  }();
  std::vector<fs::path> parts;
  for (const std::string& bytes : kParts) {
    parts.push_back(path.parent_path() / ("part-" + std::to_string(parts.size() + 1) + ".h5"));
    if (!fs::exists(parts.back())) write_test_file(parts.back(), bytes);
  }
  if (!fs::exists(path)) merge_feature_files(parts, path, /*overwrite=*/false);
}

struct Job {
  std::string name;
  std::function<void(const fs::path&)> run;

  friend void PrintTo(const Job& job, std::ostream* out) { *out << job.name; }
};
const Job kJobs[] = {{"write", [](const fs::path& path) { run(path, 0); }},
                     {"write_with_dropped_rows", [](const fs::path& path) { run(path, 5); }},
                     {"write_over_another_file",
                      [](const fs::path& path) {
                        if (!fs::exists(path)) write_test_file(path, "an older file");
                        write_test_file_of(path, test_plan(kRows, kColumns), {.overwrite = true, .resume = true});
                      }},
                     {"merge", run_merge}};

// EINTR at every call cannot happen; a call that transfers only a part is not an error.
constexpr std::pair<file_calls::Failure, int> kFailures[] = {{file_calls::Failure::kOnce, EIO},
                                                             {file_calls::Failure::kOnce, EINTR},
                                                             {file_calls::Failure::kForGood, EIO},
                                                             {file_calls::Failure::kForGood, ENOSPC},
                                                             {file_calls::Failure::kShort, 0}};

// HDF5 takes and gives back megabytes for every file; asking the system for them each time would double the time.
const bool kKeepsMemory = mallopt(M_TRIM_THRESHOLD, 256 << 20) != 0 && mallopt(M_MMAP_THRESHOLD, 256 << 20) != 0;

std::string expected_bytes(const Job& job) {
  const TempDir folder;
  job.run(folder / "a.h5");
  return read_bytes(folder / "a.h5");
}

class FeatureJobFaults : public testing::TestWithParam<Job> {};

TEST_P(FeatureJobFaults, AnyFailingCallIsAnErrorAndTheNextRunMendsIt) {
  int points = 0;
  int errors = 0;
  const Job& job = GetParam();
  const std::string expected = expected_bytes(job);
  for (const auto& [failure, error] : kFailures) {
    bool reached = true;
    for (int at = 1; reached; ++at) {
      const TempDir folder;
      const fs::path path = folder / "a.h5";
      file_calls::watch(folder.path());
      file_calls::fail(at, error, failure);
      std::string message;
      try {
        job.run(path);
      } catch (const Error& caught) {
        message = caught.what();
      }
      const std::string call = file_calls::failed();
      reached = !call.empty();
      file_calls::release();
      const std::string where =
          job.name + ", call " + std::to_string(at) + ", " + call + ", error " + std::to_string(error);
      points += reached ? 1 : 0;
      errors += message.empty() ? 0 : 1;
      if (message.empty()) {
        ASSERT_TRUE(read_bytes(path) == expected) << where;
      } else {
        ASSERT_EQ(message.find('\n'), std::string::npos) << where;
        ASSERT_NE(message.find(folder.path().string()), std::string::npos) << where << ": " << message;
      }
      const bool resumable = call == "pwrite" || call == "pread" || call == "fdatasync" || call == "fallocate";
      if (resumable && (failure == file_calls::Failure::kShort || error == EINTR)) {
        ASSERT_EQ(message, "") << where;
      }
      // At no moment does the output's name lead to an incomplete file.
      const std::string found = fs::exists(path) ? read_bytes(path) : "";
      ASSERT_TRUE(found.empty() || found == "an older file" || found == expected) << where;
      ASSERT_NO_THROW(job.run(path)) << where << ": " << message;
      ASSERT_TRUE(read_bytes(path) == expected) << where;
    }
  }
  std::printf("  %d failures injected, %d reported, all mended\n", points, errors);
}

INSTANTIATE_TEST_SUITE_P(Each, FeatureJobFaults, testing::ValuesIn(kJobs), testing::PrintToStringParamName());

TEST(FeatureFaults, AFullDiskIsReportedBeforeTheFirstRow) {
  bool reported = false;
  for (int at = 1; at < 10 && !reported; ++at) {
    const TempDir folder;
    file_calls::watch(folder.path());
    file_calls::fail(at, ENOSPC, file_calls::Failure::kOnce);
    try {
      FeatureFileWriter writer(folder / "a.h5", test_plan(1000, 25088), {});
    } catch (const Error& error) {
      reported = file_calls::failed() == "fallocate";
      if (!reported) continue;
      EXPECT_EQ(error.code(), ErrorCode::kIo);
      const std::string message = error.what();
      EXPECT_NE(message.find("a.h5 needs 100 MB, "), std::string::npos) << message;
      EXPECT_NE(message.find(" free in "), std::string::npos) << message;
      EXPECT_EQ(names_in(folder.path()), "");
    }
  }
  file_calls::release();
  EXPECT_TRUE(reported);
}

TEST(FeatureFaults, ASecondFileThatMayBeNeededIsSpokenOfBeforeTheFirstRow) {
  const TempDir folder;
  const FeatureFilePlan plan = test_plan(kRows, kColumns);
  file_calls::set_free_space(5'000);
  {
    const FeatureFileWriter writer(folder / "a.h5", plan, kResume);
    EXPECT_NE(writer.space_warning().find("a.h5 leaves 5.0 kB free in its folder; another "), std::string::npos)
        << writer.space_warning();
    EXPECT_TRUE(writer.space_warning().ends_with(" needed if a picture turns out to be unreadable"));
  }
  file_calls::set_free_space(5'000'000'000);
  EXPECT_EQ(FeatureFileWriter(folder / "a.h5", plan, kResume).space_warning(), "");
  file_calls::set_free_space(-1);
}

TEST(FeatureFaults, WhereNoSpaceIsReservedTheRowsToComeTakeTheirsFirst) {
  const TempDir probe;
  const PosixFile hole(probe / "hole", O_RDWR | O_CREAT);
  hole.truncate(1 << 20);
  if (hole.allocated_bytes() == 1 << 20) GTEST_SKIP() << "a file system that does not tell of holes";
  std::string warning;
  file_calls::set_free_space(150'000'000);
  for (int at = 1; at < 10 && warning.empty(); ++at) {
    const TempDir folder;
    file_calls::watch(folder.path());
    file_calls::fail(at, EOPNOTSUPP, file_calls::Failure::kOnce);
    try {
      const FeatureFileWriter writer(folder / "a.h5", test_plan(1000, 25088), {});
      if (file_calls::failed() == "fallocate") warning = writer.space_warning();
    } catch (const Error& error) {
      EXPECT_NE(file_calls::failed(), "fallocate") << error.what();
    }
  }
  file_calls::release();
  file_calls::set_free_space(-1);
  EXPECT_NE(warning.find("a.h5 leaves 50 MB free in its folder; another 100 MB are needed if"), std::string::npos)
      << warning;
}

TEST(FeatureFaults, WithoutSpaceForTheSecondFileEveryRowIsKept) {
  const TempDir folder;
  const FeatureFilePlan plan = test_plan(kRows, kColumns);
  {
    FeatureFileWriter writer(folder / "a.h5", plan, {});
    for (int64_t row = 1; row < kRows; ++row) writer.write(row, test_row(row, kColumns));
    writer.drop(0, "cannot be decoded");
    writer.commit();
    file_calls::watch(folder.path());
    std::map<std::string, int> refused;
    for (int at = 1; file_calls::failed() != "renameat2"; ++at) {
      fs::remove(folder / "a.h5.partial.new");  // what a failure right after it was made leaves
      file_calls::watch(folder.path());
      file_calls::fail(at, ENOSPC, file_calls::Failure::kOnce);
      try {
        writer.finish();
        FAIL() << at;
      } catch (const Error& error) {
        const std::string call = file_calls::failed();
        if (call != "fallocate" && call != "pwrite") continue;
        ++refused[call];
        const std::string message = error.what();
        const std::string remedy =
            "; a second file is needed because " + plan.pictures[0].path + " is unreadable; every row";
        EXPECT_NE(message.find(call == "pwrite" ? "a.h5 cannot be written: " : "a.h5 needs "), std::string::npos)
            << message;
        EXPECT_NE(message.find(remedy), std::string::npos) << message;
        EXPECT_TRUE(message.ends_with(" --resume")) << message;
        EXPECT_EQ(names_in(folder.path()), "a.h5.partial");
      }
    }
    EXPECT_EQ(refused["fallocate"], 1);
    EXPECT_GT(refused["pwrite"], kRows) << "each of its rows, too";
    file_calls::release();
  }
  FeatureFileWriter writer(folder / "a.h5", plan, kResume);
  EXPECT_EQ(writer.committed_rows(), kRows - 1);
  writer.drop(0, "cannot be decoded");
  writer.finish();
  EXPECT_EQ(open_feature_file(folder / "a.h5").rows, kRows - 1);
}

TEST(FeatureFaults, OfTwoRunsThatStartAtOnceOneWrites) {
  const TempDir folder;
  const fs::path path = folder / "a.h5";
  const FeatureFilePlan plan = test_plan(kRows, kColumns);
  std::unique_ptr<FeatureFileWriter> other;
  file_calls::watch(folder.path());
  file_calls::before_opening("a.h5.partial", [&] { other = std::make_unique<FeatureFileWriter>(path, plan, kResume); });
  expect_error(ErrorCode::kIo, "a.h5.partial: another run is writing this file; wait for it or choose another output",
               [&] { FeatureFileWriter(path, plan, kResume); });
  file_calls::release();
  ASSERT_NE(other, nullptr);
  EXPECT_EQ(names_in(folder.path()), "a.h5.partial");
  for (int64_t row = 0; row < kRows; ++row) other->write(row, test_row(row, kColumns));
  other->finish();
  EXPECT_EQ(open_feature_file(path).rows, kRows);
}

TEST(FeatureFaults, APartThatBecomesAnotherFileIsNotMerged) {
  const TempDir folder;
  const FeatureFilePlan plan = test_plan(kRows, kColumns);
  FeatureFilePlan other = plan;
  other.pictures[4].crc32 += 1;
  const std::vector<fs::path> parts = {folder / "part-1.h5", folder / "part-2.h5"};
  for (const int64_t index : {1, 2}) {
    write_test_file_of(parts[static_cast<size_t>(index - 1)], shard_plan(plan, {index, 2}));
  }
  write_test_file_of(folder / "new.h5", shard_plan(other, {1, 2}));
  file_calls::watch(folder.path());
  file_calls::before_opening("a.h5.partial", [&] { fs::rename(folder / "new.h5", parts[0]); });
  expect_error(ErrorCode::kRefused,
               "part-1.h5 has changed while it was merged: pictures differ: the contents of " +
                   printable(plan.pictures[4].path) + " have changed",
               [&] { merge_feature_files(parts, folder / "a.h5", /*overwrite=*/false); });
  file_calls::release();
  EXPECT_EQ(names_in(folder.path()), "part-1.h5 part-2.h5");
}

// The file system between two crashes: what programs see, and what the disk has.
class Disk {
 public:
  // With `random`, of what was not synced only some is on the disk: whole writes or their first sectors, the first few
  // of the changes of names. Without, all of it: a killed program, not a power cut.
  std::map<std::string, std::string> files_after_crash(std::mt19937* random) const {
    std::map<std::string, int> names = synced_names_;
    const size_t kept_names = random == nullptr ? pending_names_.size() : (*random)() % (pending_names_.size() + 1);
    for (size_t i = 0; i < kept_names; ++i) pending_names_[i](names);
    std::map<std::string, std::string> files;
    for (const auto& [name, inode] : names) files[name] = content_after_crash(inodes_.at(inode), random);
    return files;
  }

  void apply(const Event& event) {
    switch (event.kind) {
      case Event::Kind::kCreate:
        inodes_[next_inode_] = {};
        rename_to(event.name, next_inode_++);
        break;
      case Event::Kind::kWrite:
      case Event::Kind::kResize:
        inodes_[names_.at(event.name)].pending.push_back(event);
        break;
      case Event::Kind::kSync: {
        Inode& inode = inodes_[names_.at(event.name)];
        for (const Event& pending : inode.pending) change(inode.synced, pending, pending.bytes.size());
        inode.pending.clear();
        break;
      }
      case Event::Kind::kSyncFolder:
        synced_names_ = names_;
        pending_names_.clear();
        break;
      case Event::Kind::kRename: {
        const int inode = names_.at(event.name);
        change_names([from = event.name, to = event.to, inode](std::map<std::string, int>& names) {
          names.erase(from);
          names[to] = inode;
        });
        break;
      }
      case Event::Kind::kUnlink:
        change_names([name = event.name](std::map<std::string, int>& names) { names.erase(name); });
        break;
      case Event::Kind::kMark:
        break;
    }
  }

 private:
  struct Inode {
    std::string synced;
    std::vector<Event> pending;
  };

  static void change(std::string& content, const Event& event, size_t length) {
    const auto offset = static_cast<size_t>(event.offset);
    if (event.kind == Event::Kind::kResize) {
      content.resize(offset, '\0');
      return;
    }
    if (content.size() < offset + length) content.resize(offset + length, '\0');
    content.replace(offset, length, event.bytes, 0, length);
  }

  static std::string content_after_crash(const Inode& inode, std::mt19937* random) {
    std::string content = inode.synced;
    for (const Event& event : inode.pending) {
      size_t length = event.bytes.size();
      if (random != nullptr) {
        const unsigned fate = (*random)() % 4;
        if (fate < 2) continue;
        if (fate == 2) length = std::min(length, (*random)() % (length + 1) / 512 * 512);
      }
      change(content, event, length);
    }
    return content;
  }

  void rename_to(const std::string& name, int inode) {
    change_names([name, inode](std::map<std::string, int>& names) { names[name] = inode; });
  }
  void change_names(const std::function<void(std::map<std::string, int>&)>& step) {
    step(names_);
    pending_names_.push_back(step);
  }

  std::map<int, Inode> inodes_;
  std::map<std::string, int> names_;
  std::map<std::string, int> synced_names_;
  std::vector<std::function<void(std::map<std::string, int>&)>> pending_names_;
  int next_inode_ = 0;
};

// Puts a crash's remains into a folder, resumes, and compares; the rows that were safe must be there.
void check_crash(const Disk& disk, std::mt19937* random, int64_t safe_rows, const Job& job,
                 const std::string& expected) {
  const TempDir folder;
  const fs::path path = folder / "a.h5";
  for (const auto& [name, content] : disk.files_after_crash(random)) write_test_file(folder / name, content);
  if (!fs::exists(path)) {
    ASSERT_TRUE(safe_rows == 0 || fs::exists(partial_path_of(path)));
    int64_t rows = 0;
    if (fs::exists(partial_path_of(path))) {
      try {
        rows = open_feature_file(partial_path_of(path)).rows;
      } catch (const Error& error) {
        const std::string message = error.what();
        const size_t at = message.find("it holds ");
        ASSERT_NE(at, std::string::npos) << message;
        rows = std::stoll(message.substr(at + 9));
      }
      const FeatureFileWriter writer(path, test_plan(kRows, kColumns), kResume);
      ASSERT_GE(writer.committed_rows(), safe_rows) << "of " << rows << " marked";
    }
  } else {
    ASSERT_TRUE(read_bytes(path) == expected);
  }
  ASSERT_NO_THROW(job.run(path));
  ASSERT_TRUE(read_bytes(path) == expected);
}

std::vector<Event> record(const Job& job) {
  const TempDir folder;
  file_calls::watch(folder.path());
  job.run(folder / "a.h5");
  std::vector<Event> events = file_calls::events();
  file_calls::release();
  return events;
}

// Applies the first `count` events; returns the rows that were safe by then.
int64_t apply(Disk& disk, const std::vector<Event>& events, size_t count) {
  int64_t safe = 0;
  for (size_t i = 0; i < count; ++i) {
    disk.apply(events[i]);
    if (events[i].kind == Event::Kind::kMark && events[i].name == "committed") safe = events[i].offset;
  }
  return safe;
}

TEST(FeatureFaults, EveryMomentOfACrashIsResumed) {
  int states = 0;
  for (const Job* job : {&kJobs[0], &kJobs[1]}) {
    const std::string expected = expected_bytes(*job);
    const std::vector<Event> events = record(*job);
    for (size_t count = 0; count <= events.size(); ++count, ++states) {
      Disk disk;
      const int64_t safe = apply(disk, events, count);
      check_crash(disk, nullptr, safe, *job, expected);
      if (HasFatalFailure()) FAIL() << job->name << ", after event " << count << " of " << events.size();
    }
  }
  std::printf("  %d moments\n", states);
}

TEST(FeatureFaults, EveryPowerCutIsResumed) {
  const char* wanted = std::getenv("VGG16_TEST_POWER_CUTS");
  const int states = wanted == nullptr ? 500 : std::atoi(wanted);
  std::mt19937 random(7);
  const std::vector<std::vector<Event>> events = {record(kJobs[0]), record(kJobs[1])};
  const std::string expected[] = {expected_bytes(kJobs[0]), expected_bytes(kJobs[1])};
  for (int state = 0; state < states; ++state) {
    const size_t job = random() % 2;
    const size_t count = random() % (events[job].size() + 1);
    Disk disk;
    const int64_t safe = apply(disk, events[job], count);
    check_crash(disk, &random, safe, kJobs[job], expected[job]);
    if (HasFatalFailure()) FAIL() << "state " << state << ", " << kJobs[job].name << ", after event " << count;
  }
}

}  // namespace
}  // namespace vgg16
