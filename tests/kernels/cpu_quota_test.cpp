#include "kernels/cpu_quota.h"

#include <gtest/gtest.h>

#include <string>

#include "support/temp_dir.h"

namespace vgg16 {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSecond = "29 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr const char* kFirst = "33 32 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n";

// A system's files below a folder of the test.
class CpuQuota : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((root_ / name).parent_path());
    write_test_file(root_ / name, text);
  }
  void describe(const std::string& groups, const std::string& mounts) const {
    write("proc/self/cgroup", groups);
    write("proc/self/mountinfo", "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n" + mounts);
  }
  void limit_first(const std::string& group, const std::string& quota_us) const {
    write("sys/fs/cgroup/cpu,cpuacct/" + group + "/cpu.cfs_quota_us", quota_us + "\n");
    write("sys/fs/cgroup/cpu,cpuacct/" + group + "/cpu.cfs_period_us", "100000\n");
  }
  [[nodiscard]] double quota() const { return cpu_quota(root_.path()); }

  TempDir root_;
};

TEST_F(CpuQuota, IsNoneWhereNothingSaysSo) {
  EXPECT_EQ(quota(), 0);
  describe("0::/user.slice\n", kSecond);
  EXPECT_EQ(quota(), 0);
  write("sys/fs/cgroup/user.slice/cpu.max", "max 100000\n");
  EXPECT_EQ(quota(), 0);
  describe("4:cpu,cpuacct:/jobs\n", kFirst);
  limit_first("jobs", "-1");
  EXPECT_EQ(quota(), 0);
}

TEST_F(CpuQuota, IsTheTightestOnTheWayUp) {
  describe("0::/a.slice/b.scope/c\n", kSecond);
  write("sys/fs/cgroup/a.slice/b.scope/c/cpu.max", "max 100000\n");
  write("sys/fs/cgroup/a.slice/b.scope/cpu.max", "400000 100000\n");
  EXPECT_EQ(quota(), 4);
  write("sys/fs/cgroup/a.slice/cpu.max", "75000 50000\n");
  EXPECT_EQ(quota(), 1.5);
  write("sys/fs/cgroup/a.slice/b.scope/c/cpu.max", "25000 100000\n");
  EXPECT_EQ(quota(), 0.25);
  write("sys/fs/cgroup/a.slice/other/cpu.max", "1000 100000\n");
  EXPECT_EQ(quota(), 0.25);
}

TEST_F(CpuQuota, IsReadAtTheRootOfAContainersOwnNamespace) {
  describe("0::/\n", kSecond);
  write("sys/fs/cgroup/cpu.max", "150000 100000\n");
  EXPECT_EQ(quota(), 1.5);
  describe("0::/inner\n", kSecond);  // a group that the container has made
  EXPECT_EQ(quota(), 1.5);
}

TEST_F(CpuQuota, IsReadOfVersion1) {
  describe("12:memory:/docker/1\n4:cpu,cpuacct:/a/b:c\n0::/\n", std::string(kFirst) + kSecond);
  limit_first("a", "300000");
  EXPECT_EQ(quota(), 3);
  limit_first("a/b:c", "50000");
  EXPECT_EQ(quota(), 0.5);
}

TEST_F(CpuQuota, OfAControllerWithASimilarNameIsNot) {
  describe("3:cpuset:/a\n4:cpuacct:/a\n", "33 32 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpuset\n");
  limit_first("a", "50000");
  EXPECT_EQ(quota(), 0);
}

TEST_F(CpuQuota, IsReadWhereTheContainersGroupIsMounted) {
  const std::string mount = "33 32 0:29 /docker/1 /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n";
  limit_first("", "200000");
  describe("4:cpu,cpuacct:/docker/1\n", mount);
  EXPECT_EQ(quota(), 2);
  limit_first("job", "100000");
  describe("4:cpu,cpuacct:/docker/1/job\n", mount);
  EXPECT_EQ(quota(), 1);
  for (const char* group : {"/", "/elsewhere", "/docker/10", "/../../x"}) {  // names of another namespace
    describe("4:cpu,cpuacct:" + std::string(group) + "\n", mount);
    EXPECT_EQ(quota(), 2) << group;
  }
}

TEST_F(CpuQuota, IsNotThatOfAnotherContainerThatCanBeSeen) {
  describe("0::/docker/1\n", std::string(kSecond) + "30 22 0:26 /docker/2 /other rw - cgroup2 cgroup2 rw,nsdelegate\n");
  write("sys/fs/cgroup/docker/1/cpu.max", "200000 100000\n");
  write("other/cpu.max", "100000 100000\n");
  EXPECT_EQ(quota(), 2);
}

TEST_F(CpuQuota, FollowsAMountWhosePathHasBlanks) {
  describe("0::/a\n", "29 22 0:26 / /my\\040groups rw - cgroup2 none rw\n");
  write("my groups/a/cpu.max", "200000 100000\n");
  EXPECT_EQ(quota(), 2);
}

TEST_F(CpuQuota, OfDamagedFilesIsNone) {
  write("sys/fs/cgroup/cpu.max", "100000 100000\n");
  for (const char* groups : {"", "\n", "0", "0:", ":", "::", "0::", "x\n\n"}) {
    for (const char* mounts :
         {"", "\n", "-", "29 22 0:26 / /sys/fs/cgroup", "1 2 3 4 5 6 -", "1 2 3 4 5 6 - cgroup2"}) {
      describe(groups, mounts);
      EXPECT_EQ(quota(), 0) << groups << ", " << mounts;
    }
  }
  describe("0::/\n", kSecond);
  for (const char* limit : {"", "max", "0 100000", "-5 100000", "100000", "100000 0", "many 100000", "nan nan"}) {
    write("sys/fs/cgroup/cpu.max", limit);
    EXPECT_EQ(quota(), 0) << limit;
  }
}

}  // namespace
}  // namespace vgg16
