#include <unistd.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "features/header.h"
#include "features/intact.h"
#include "features/output_file.h"
#include "features/plan.h"
#include "features/resume.h"
#include "features/row.h"
#include "features/row_committer.h"
#include "files/files.h"
#include "files/posix_file.h"
#include "vgg16/error.h"
#include "vgg16/feature_file.h"
#include "vgg16/output.h"
#include "vocabulary/floating_point.h"

namespace vgg16 {

struct FeatureFileWriter::Impl {
  enum class RowState : uint8_t { kMissing, kWritten, kDropped };

  Impl(std::filesystem::path output, FeatureFilePlan the_plan, FeatureWriteOptions the_options)
      : path(std::move(output)),
        partial(partial_path_of(path)),
        plan(std::move(the_plan)),
        options(the_options),
        header(make_header(plan, printable_path(path))),
        state(plan.pictures.size(), RowState::kMissing) {}

  // Decides between starting, resuming and refusing, from what is at the two names. `keep` writes rows of the partial
  // file into the one that replaces it.
  void open(const std::function<void()>& keep) {
    require_free_output(path, options);
    if (options.resume && something_at(path) && accept_finished()) return;
    if (!something_at(partial)) {
      start();
      publish_partial(Replace::kNo);
    } else if (options.resume) {
      resume();
    } else {
      replace_partial(keep);
    }
    look_for_space();
  }

  // Sets space_warning if there is no space for the second file that dropped rows require. A warning, not an error:
  // mostly no row is dropped, and the user can free space during the run.
  void look_for_space() {
    const int64_t free = file->free_bytes();
    if (free < 0) return;
    // If the file system cannot reserve space, the rest of this file takes its space later.
    const int64_t to_come = std::max<int64_t>(0, header.file_size - file->allocated_bytes());
    const int64_t left = std::max<int64_t>(0, free - to_come);
    if (left >= header.file_size) return;
    space_warning = printable_path(path) + " leaves " + readable_size(left) + " free in its folder; another " +
                    readable_size(header.file_size) + " are needed if a picture turns out to be unreadable";
  }

  // Called to resume if something is at `path`. True if it is the complete file of the same plan: nothing is left to
  // do.
  bool accept_finished() {
    try {
      require_finished_run(path, header, plan);
    } catch (const Error&) {
      if (options.overwrite) return false;  // an older file, to be replaced by this run
      if (!something_at(partial)) throw;
      throw Error(ErrorCode::kExists, printable_path(path) + " already exists beside " + printable_path(partial) +
                                          "; add --overwrite as well to continue and then replace it");
    }
    finished = true;
    std::fill(state.begin(), state.end(), RowState::kWritten);
    resumed_rows = static_cast<int64_t>(state.size());
    // compact() renames the new file and then removes the partial file. A run that was killed in between leaves it.
    if (something_at(partial)) remove_file(open_partial(path).path());
    return true;
  }

  void start() {
    file = create_output(path, header);
    is_new = true;
    committer = std::make_unique<RowCommitter>(*file, header, options.rows_per_commit);
  }

  void publish_partial(Replace replace) {
    try {
      publish(*file, partial, replace);
      published = true;
    } catch (const Error& error) {
      // There was no partial file a moment ago, so another run has just created one.
      if (error.code() == ErrorCode::kExists) refuse_other_run(printable_path(partial));
      throw;
    }
  }

  // Something is at the partial name and the run is not resumed.
  void replace_partial(const std::function<void()>& keep) {
    const PosixFile old = open_partial(path);  // its lock is held until it is replaced
    if (!options.overwrite) {
      throw Error(ErrorCode::kExists, old.name() +
                                          " is left from an interrupted run; add --resume to continue it or "
                                          "--overwrite to start again");
    }
    start();
    // The rows are on the disk before the file that they come from goes.
    keep();
    committer->commit();
    publish_partial(Replace::kYes);
  }

  // The plan is compared first: rows of another plan would fail their checksums without saying why.
  void resume() {
    file = open_partial(path);
    require_same_run(*file, header, plan);
    VerifiedRows rows = verify_rows(*file, header, plan);
    for (const int64_t row : rows.good) state[static_cast<size_t>(row)] = RowState::kWritten;
    resumed_rows = static_cast<int64_t>(rows.good.size());
    damaged = std::move(rows.damaged);
    committer = std::make_unique<RowCommitter>(*file, header, options.rows_per_commit);
  }

  [[nodiscard]] int64_t committed() const { return resumed_rows + (committer ? committer->committed() : 0); }

  // The state of a row that may be written or dropped now; throws for any other.
  RowState& missing_row(int64_t row) {
    require(row >= 0 && row < static_cast<int64_t>(state.size()), ErrorCode::kInvalidArgument,
            printable_path(path) + " has no row " + std::to_string(row));
    RowState& found = state[static_cast<size_t>(row)];
    require(found == RowState::kMissing, ErrorCode::kInvalidArgument,
            printable_path(path) + ": row " + std::to_string(row) + " has been written or dropped before");
    return found;
  }

  // Runs a step of compact(). If the second file cannot be written, adds to the message why it is needed and that no
  // row is lost.
  template <class Step>
  auto with_remedy(Step step) {
    try {
      return step();
    } catch (const Error& error) {
      const std::string what = error.what();
      if (error.code() != ErrorCode::kIo || what.ends_with("--resume")) throw;
      throw Error(ErrorCode::kIo, what + "; a second file is needed because " +
                                      printable(plan.pictures[static_cast<size_t>(dropped.begin()->first)].path) +
                                      " is unreadable; every row is kept in " + file->name() +
                                      ": after that, run the same command again, for extract with --resume");
    }
  }

  // Copies the rows that were not dropped into a new file, which gets the final name.
  void compact() {
    const FeatureFilePlan kept = without_rows(plan, dropped);
    const FeatureHeader kept_header = make_header(kept, printable_path(path));
    // The nascent name again: the partial file stays untouched until the copy is complete.
    PosixFile compacted = with_remedy([&] { return create_output(path, kept_header); });
    try {
      with_remedy([&] { copy_rows(compacted, kept, kept_header); });
      require_at_its_path(*file);
    } catch (...) {
      unlink(compacted.path().c_str());
      throw;
    }
    publish(compacted, path, options.overwrite ? Replace::kYes : Replace::kNo);
    if (file->is_at_its_path()) remove_file(partial);
    sync_parent_directory(partial);
  }

  // Rows keep their order but get new numbers, so their checksums, which include the number, are computed again.
  void copy_rows(const PosixFile& compacted, const FeatureFilePlan& kept, const FeatureHeader& kept_header) {
    StoredRows rows(*file, header);
    RowCommitter writing(compacted, kept_header, options.rows_per_commit);
    std::vector<int64_t> copied;
    for (int64_t row = 0; row < header.rows; ++row) {
      if (dropped.contains(row)) continue;
      const auto stored = rows.read(row, plan.pictures[static_cast<size_t>(row)].label);
      if (!stored) refuse_changed_row(*file, header, plan, row);
      std::vector<std::byte> memory = writing.acquire();
      std::copy(stored->begin(), stored->end(), memory.begin());
      const auto next = static_cast<int64_t>(copied.size());
      const uint32_t sum = row_checksum(next, kept.pictures[copied.size()].label, memory);
      writing.queue(next, sum, std::move(memory));
      copied.push_back(next);
    }
    writing.commit();
    require_intact(compacted, kept_header, kept, copied, writing.latest());
  }

  // For the destructor: commits what it can, and removes a file that this run has created and that has no rows, or has
  // not replaced the one that they come from.
  void abandon() noexcept {
    try {
      if (committer) committer->commit();
    } catch (...) {
    }
    try {
      const bool keeps_rows = published && committed() > 0;
      if (is_new && !finished && !keeps_rows && file->is_at_its_path()) unlink(file->path().c_str());
    } catch (...) {
    }
  }

  std::filesystem::path path;
  std::filesystem::path partial;
  FeatureFilePlan plan;
  FeatureWriteOptions options;
  FeatureHeader header;
  std::vector<RowState> state;
  std::map<int64_t, std::string> dropped;
  std::vector<int64_t> damaged;
  std::string space_warning;
  int64_t resumed_rows = 0;
  bool is_new = false;     // this run has created the file
  bool published = false;  // under the partial name
  bool finished = false;
  std::optional<PosixFile> file;
  std::unique_ptr<RowCommitter> committer;  // uses file and header
};

void require_free_output(const std::filesystem::path& path, const FeatureWriteOptions& options) {
  require_replaceable(path);
  if (!options.overwrite && !options.resume && something_at(path)) {
    throw Error(ErrorCode::kExists,
                printable_path(path) + " already exists; add --overwrite to replace it or --resume to continue it");
  }
}

FeatureFileWriter::FeatureFileWriter(std::filesystem::path path, FeatureFilePlan plan, FeatureWriteOptions options,
                                     const std::function<void(FeatureFileWriter&)>& keep) {
  const StandardFloatingPoint mode;
  impl_ = std::make_unique<Impl>(std::move(path), std::move(plan), options);
  try {
    impl_->open([&] {
      if (keep) keep(*this);
    });
  } catch (...) {
    impl_->abandon();
    throw;
  }
}

FeatureFileWriter::~FeatureFileWriter() { impl_->abandon(); }

std::vector<int64_t> FeatureFileWriter::missing_rows() const {
  std::vector<int64_t> missing;
  for (size_t row = 0; row < impl_->state.size(); ++row) {
    if (impl_->state[row] == Impl::RowState::kMissing) missing.push_back(static_cast<int64_t>(row));
  }
  return missing;
}

const std::vector<int64_t>& FeatureFileWriter::damaged_rows() const { return impl_->damaged; }

int64_t FeatureFileWriter::committed_rows() const { return impl_->committed(); }

const std::string& FeatureFileWriter::space_warning() const { return impl_->space_warning; }

const std::filesystem::path& FeatureFileWriter::partial_path() const { return impl_->partial; }

void FeatureFileWriter::write(int64_t row, std::span<const float> features) {
  const StandardFloatingPoint mode;
  Impl& impl = *impl_;
  Impl::RowState& state = impl.missing_row(row);
  const PictureFile& picture = impl.plan.pictures[static_cast<size_t>(row)];
  require(static_cast<int64_t>(features.size()) == impl.plan.columns, ErrorCode::kShape,
          printable_path(impl.path) + ": a row has " + std::to_string(features.size()) + " columns, expected " +
              std::to_string(impl.plan.columns));
  std::vector<std::byte> memory = impl.committer->acquire();
  try {
    store_row(features, impl.plan.type, memory, printable(picture.path));
  } catch (...) {
    impl.committer->release(std::move(memory));
    throw;
  }
  const uint32_t checksum = row_checksum(row, picture.label, memory);
  impl.committer->queue(row, checksum, std::move(memory));
  // Only after everything has succeeded: a row whose write has thrown can be written again.
  state = Impl::RowState::kWritten;
}

void FeatureFileWriter::drop(int64_t row, std::string reason) {
  Impl::RowState& state = impl_->missing_row(row);
  require(reason.find('\0') == std::string::npos, ErrorCode::kInvalidArgument, "a reason holds a zero byte");
  impl_->dropped.emplace(row, std::move(reason));
  state = Impl::RowState::kDropped;
}

void FeatureFileWriter::commit() {
  if (impl_->committer) impl_->committer->commit();
}

void FeatureFileWriter::finish() {
  const StandardFloatingPoint mode;
  Impl& impl = *impl_;
  if (impl.finished) return;
  const std::vector<int64_t> missing = missing_rows();
  require(missing.empty(), ErrorCode::kInvalidArgument,
          printable_path(impl.path) + ": " + std::to_string(missing.size()) + " rows were neither written nor dropped");
  // Everything must be on disk before it is compared and renamed.
  impl.committer->commit();
  if (impl.dropped.size() == impl.state.size() && !impl.plan.shard) {
    const auto& [row, reason] = *impl.dropped.begin();
    throw Error(ErrorCode::kNotFound, printable_path(impl.path) + " is not written: none of the " +
                                          std::to_string(impl.state.size()) + " pictures is usable; the first, " +
                                          printable(impl.plan.pictures[static_cast<size_t>(row)].path) + ": " + reason);
  }
  std::vector<int64_t> written;
  for (size_t row = 0; row < impl.state.size(); ++row) {
    if (impl.state[row] == Impl::RowState::kWritten) written.push_back(static_cast<int64_t>(row));
  }
  require_intact(*impl.file, impl.header, impl.plan, written, impl.committer->latest());
  if (impl.dropped.empty()) {
    publish(*impl.file, impl.path, impl.options.overwrite ? Replace::kYes : Replace::kNo);
  } else {
    impl.compact();
  }
  impl.finished = true;
}

}  // namespace vgg16
