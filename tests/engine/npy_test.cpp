// .npy files of features and labels, made byte by byte; feature_file_python_test has those of NumPy.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/expect_error.h"
#include "support/feature_rows.h"
#include "support/npy_files.h"
#include "support/temp_dir.h"
#include "vgg16/feature_file.h"

namespace vgg16 {
namespace {

constexpr const char* kShape = "(3, 2)";
const std::vector<float> kValues = {0, 1, -2, 3.5F, 1e30F, 5};

class Npy : public testing::Test {
 protected:
  FeatureTable open(const std::string& bytes) const {
    write_test_file(folder_ / "x.npy", bytes);
    return open_feature_file(folder_ / "x.npy", unlabelled());
  }
  static FeatureFileOptions unlabelled() {
    FeatureFileOptions options;
    options.needs_labels = false;
    return options;
  }
  void expect_refused(const std::string& part, const std::string& bytes) const {
    SCOPED_TRACE(part);
    expect_error(ErrorCode::kRefused, part, [&] { static_cast<void>(open(bytes)); });
  }
  void expect_header_refused(const std::string& dictionary, const std::string& part = "is damaged: its header is not") {
    expect_refused(part, npy_file_of(dictionary, bytes_of(kValues)));
  }
  // The table of the three rows in kValues with the labels in a file of this name.
  FeatureTable labelled(const std::string& name, const std::string& bytes) const {
    write_test_file(folder_ / "x.npy", npy_floats(kValues, 2));
    write_test_file(folder_ / name, bytes);
    FeatureFileOptions options;
    options.label_files = {folder_ / name};
    return open_feature_file(folder_ / "x.npy", options);
  }
  void expect_labels(const std::string& name, const std::string& bytes,
                     const std::vector<std::string>& expected) const {
    SCOPED_TRACE(bytes);
    const FeatureTable table = labelled(name, bytes);
    std::vector<std::string> found;
    for (const int64_t label : table.labels) found.push_back(table.label_names[static_cast<size_t>(label)]);
    EXPECT_EQ(found, expected);
  }
  void expect_labels_refused(const std::string& part, const std::string& name, const std::string& bytes) const {
    expect_error(ErrorCode::kRefused, part, [&] { static_cast<void>(labelled(name, bytes)); });
  }
  TempDir folder_;
};

std::vector<float> rows_of(const FeatureTable& table) {
  std::vector<float> rows(static_cast<size_t>(table.rows * table.columns));
  table.read_rows(0, table.rows, rows.data());
  return rows;
}

TEST_F(Npy, ReadsEveryVersionOfTheFormat) {
  for (const int version : {1, 2, 3}) {
    const FeatureTable table = open(npy_file_of(npy_dictionary("<f4", kShape, "False"), bytes_of(kValues), version));
    EXPECT_EQ(table.rows, 3);
    EXPECT_EQ(table.columns, 2);
    EXPECT_TRUE(table.labels.empty());
    EXPECT_EQ(table.recipe.layer, "");
    EXPECT_EQ(rows_of(table), kValues);
    expect_error(ErrorCode::kShape, "do not exist", [&] { table.read_rows(2, 2, nullptr); });
  }
  for (const int version : {0, 4, 255}) {
    expect_refused("of NumPy's format, expected 1.0, 2.0 or 3.0",
                   npy_file_of(npy_dictionary("<f4", kShape, "False"), bytes_of(kValues), version));
  }
}

TEST_F(Npy, TakesDictionariesThatPythonWouldTake) {
  for (const char* dictionary : {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }                    ",
                                 "{\"shape\":(3,2),\"fortran_order\":False,\"descr\":\"<f4\"}",
                                 "{'descr': '<f4', 'fortran_order': False, 'shape': (3L, 2L)}",
                                 " { 'shape' : ( 3 , 2 , ) , 'descr':'<f4',\n"
                                 "'fortran_order':False } "}) {
    EXPECT_EQ(rows_of(open(npy_file_of(dictionary, bytes_of(kValues)))), kValues) << dictionary;
  }
}

TEST_F(Npy, RefusesEveryOtherHeader) {
  for (const char* dictionary : {"",
                                 "{",
                                 "{}",
                                 "[]",
                                 "{'descr': '<f4', 'fortran_order': False}",
                                 "{'descr': '<f4', 'shape': (3, 2)}",
                                 "{'fortran_order': False, 'shape': (3, 2)}",
                                 "{'descr': '<f4', 'fortran_order': 0, 'shape': (3, 2)}",
                                 "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2)",
                                 "{'descr': '<f4', 'fortran_order': False, 'shape': (3}",
                                 "{'descr': '<f4', 'fortran_order': False, 'shape': (3)}",
                                 "{'descr': '<f4', 'fortran_order': False, 'shape': 6}",
                                 "{'descr': '<f4', 'fortran_order': False, 'shape': (-3, -2)}",
                                 "{'descr': '<f4', 'fortran_order': False, 'shape': (3.0, 2)}",
                                 "{'descr': '<f4', 'fortran_order': False, 'shape': (3 2)}",
                                 "{'descr': '<f4', 'fortran_order': False, 'shape': (3,, 2)}",
                                 "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 2)}",
                                 "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), 'x': 1}",
                                 "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (3, 2)}",
                                 "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2)} x",
                                 "{'descr: '<f4', 'fortran_order': False}",
                                 "{'descr': [('a', '<f4'), 'fortran_order': False, 'shape': (3, 2)}",
                                 "{'descr' '<f4', 'fortran_order': False, 'shape': (3, 2)}",
                                 "{'descr': '<f4' 'fortran_order': False 'shape': (3, 2)}",
                                 "__import__('os').system('true')"}) {
    expect_header_refused(dictionary);
  }
  expect_header_refused(std::string(9000, '['));
  expect_refused("its header would take 20001 bytes", npy_file_of(std::string(20'000, ' '), ""));
  expect_refused("its header would take 100 bytes", std::string("\x93NUMPY\1\0\x64\0{}", 12) + std::string(40, ' '));
  const auto typed = [](const std::string& type) { return npy_dictionary(type, kShape, "False"); };
  const std::vector<std::pair<const char*, size_t>> others = {{"<i4", 4}, {"|u1", 1}, {"<c8", 8}, {"<U1", 4},
                                                              {"|S4", 4}, {"<M8", 8}, {"|b1", 1}, {"<f16", 16}};
  for (const auto& [type, size] : others) {
    expect_refused(std::string("holds ") + type + ", expected float16, float32 or float64; convert it: python3 -c",
                   npy_file_of(typed(type), std::string(6 * size, '1')));
  }
  expect_header_refused(typed("|O"), "holds Python objects as a pickle, which is not opened");
  for (const char* type : {"", "<", "f4", "<f", "<f-4", "<f4x", "?f4", "<U99999999"}) {
    expect_header_refused(typed(type), ", expected plain numbers or text");
  }
  expect_header_refused("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3, 2)}",
                        "holds records, expected plain numbers");
  const auto shaped = [](const std::string& shape) { return npy_dictionary("<f4", shape, "False"); };
  for (const char* shape : {"()", "(1, 3, 2)"}) expect_header_refused(shaped(shape), "expected one row for each");
  for (const char* shape : {"(0, 2)", "(3, 0)", "(0,)"}) expect_header_refused(shaped(shape), "it holds nothing");
  for (const char* shape : {"(9223372036854775807, 2)", "(2, 9223372036854775807)", "(4294967296, 4294967296)"}) {
    expect_header_refused(shaped(shape), "is damaged: it claims shape");
  }
  expect_header_refused(shaped("(6,)"), "has shape (6), expected (rows, columns)");
  expect_header_refused(shaped("(3, 3)"), "holds 24 bytes for an array of shape (3, 3) and type <f4, expected 36");
  expect_header_refused(shaped("(2, 2)"), "expected 16; save each array in a file of its own");
}

TEST_F(Npy, RefusesAFileCutAtEveryLength) {
  const std::string whole = npy_floats(kValues, 2);
  for (size_t length = 0; length < whole.size(); ++length) {
    expect_error(ErrorCode::kRefused, "x.npy ", [&] { static_cast<void>(open(whole.substr(0, length))); });
  }
  expect_refused("holds 25 bytes", whole + '\0');
}

TEST_F(Npy, ReadsNoRowsOfAFileThatWasCutLater) {
  const std::string whole = npy_floats(kValues, 2);
  const FeatureTable table = open(whole);
  std::filesystem::resize_file(folder_ / "x.npy", whole.size() - 1);
  std::vector<float> row(2);
  table.read_rows(1, 1, row.data());
  expect_error(ErrorCode::kRefused, "x.npy", [&] { table.read_rows(2, 1, row.data()); });
}

TEST_F(Npy, RefusesAFileThatIsMostlyHoles) {
  write_test_file(folder_ / "x.npy", npy_file_of(npy_dictionary("<f4", "(1073741824, 1024)", "False"), ""));
  std::filesystem::resize_file(folder_ / "x.npy", std::filesystem::file_size(folder_ / "x.npy") + (int64_t{1} << 42));
  expect_error(ErrorCode::kRefused, "is unfinished: of its 4.4 TB the disk holds",
               [&] { static_cast<void>(open_feature_file(folder_ / "x.npy", unlabelled())); });
}

TEST_F(Npy, ReadsEveryTypeInBothOrders) {
  // Of 3 rows and 2 columns; half precision and both byte orders spelt out.
  const std::vector<float> small = {0, 1, -2, 3.5F, 1024, 5};
  const std::vector<uint16_t> half = {0, 0x3C00, 0xC000, 0x4300, 0x6400, 0x4500};
  const std::vector<double> wide(small.begin(), small.end());
  const auto by_column = [](auto values) {
    return decltype(values){values[0], values[2], values[4], values[1], values[3], values[5]};
  };
  const auto swapped = [](std::string bytes, size_t size) {
    for (size_t at = 0; at < bytes.size(); at += size) std::reverse(bytes.begin() + at, bytes.begin() + at + size);
    return bytes;
  };
  const auto expect = [&](const std::string& type, const std::string& data, const std::string& fortran) {
    SCOPED_TRACE(type + " " + fortran);
    EXPECT_EQ(rows_of(open(npy_file_of(npy_dictionary(type, kShape, fortran), data))), small);
  };
  const auto expect_both = [&](const std::string& size, const auto& values) {
    expect("<f" + size, bytes_of(values), "False");
    expect(">f" + size, swapped(bytes_of(values), sizeof(values[0])), "False");
    expect("<f" + size, bytes_of(by_column(values)), "True");
    expect(">f" + size, swapped(bytes_of(by_column(values)), sizeof(values[0])), "True");
  };
  expect_both("2", half);
  expect_both("4", small);
  expect_both("8", wide);
}

// Three blocks of Fortran order; rows in runs, backwards and from threads.
TEST_F(Npy, TransposesLargeArraysBlockByBlock) {
  constexpr int64_t kRows = 9000;
  constexpr int64_t kColumns = 1000;
  std::vector<float> columns(kRows * kColumns);
  for (int64_t c = 0; c < kColumns; ++c) {
    for (int64_t r = 0; r < kRows; ++r) columns[c * kRows + r] = static_cast<float>(r * 1024 + c);
  }
  const FeatureTable table = open(npy_file_of(npy_dictionary("<f4", "(9000, 1000)", "True"), bytes_of(columns)));
  const auto wrong = [&](int64_t first, int64_t count) {
    std::vector<float> rows(static_cast<size_t>(count * kColumns));
    table.read_rows(first, count, rows.data());
    int64_t different = 0;
    for (int64_t i = 0; i < count * kColumns; ++i) {
      if (rows[i] != static_cast<float>((first + i / kColumns) * 1024 + i % kColumns)) ++different;
    }
    return different;
  };
  EXPECT_EQ(wrong(0, kRows), 0);
  for (const int64_t first : {8999, 4194, 4193, 0, 8387, 8388}) EXPECT_EQ(wrong(first, 1), 0) << first;
  std::vector<int64_t> found(4, -1);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < found.size(); ++t) {
    threads.emplace_back([&, t] {
      int64_t different = 0;
      for (auto first = static_cast<int64_t>(t); first + 128 <= kRows; first += 501) different += wrong(first, 128);
      found[t] = different;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(found, (std::vector<int64_t>(4, 0)));
}

std::string npy_labels(const std::string& type, const std::string& data, const std::string& shape = "(3,)") {
  return npy_file_of(npy_dictionary(type, shape, "False"), data);
}

TEST_F(Npy, LabelsMayBeNumbersOrText) {
  using namespace std::string_literals;
  const std::vector<std::string> numbers = {"10", "-3", "10"};
  expect_labels("y.npy", npy_labels("<i8", bytes_of<int64_t>({10, -3, 10})), numbers);
  expect_labels("y.npy", npy_labels("<i2", bytes_of<int16_t>({10, -3, 10}), "(3, 1)"), numbers);
  expect_labels("y.npy", npy_labels("|i1", "\x0A\xFD\x0A"), numbers);
  expect_labels("y.npy", npy_labels("|u1", "\x0A\xFD\x0A"), {"10", "253", "10"});
  expect_labels("y.npy", npy_labels(">u4", "\0\0\1\0\0\0\0\1\0\0\0\0"s), {"256", "1", "0"});
  expect_labels("y.npy", npy_labels("<f4", bytes_of<float>({10, -3, 10})), numbers);
  expect_labels("y.npy", npy_labels("<f8", bytes_of<double>({10, -3, 10})), numbers);
  expect_labels("y.npy", npy_labels("|b1", "\1\0\1"s), {"True", "False", "True"});
  expect_labels("y.npy", npy_labels("|S3", "ab\0c\0\0abc"s), {"ab", "c", "abc"});
  expect_labels("y.npy", npy_labels("<U2", bytes_of<uint32_t>({'a', 0, 0xE9, 0x1F43C, 0x20AC, 0})),
                {"a", "\xC3\xA9\xF0\x9F\x90\xBC", "\xE2\x82\xAC"});
  expect_labels("y.npy", npy_labels(">U1", "\0\0\0a\0\0\0b\0\0\0c"s), {"a", "b", "c"});
  EXPECT_EQ(labelled("y.npy", npy_labels("<i8", bytes_of<int64_t>({10, -3, 2}))).label_names,
            (std::vector<std::string>{"-3", "2", "10"}));
  EXPECT_EQ(labelled("y.npy", npy_labels("|S2", "10-32\0"s)).label_names, (std::vector<std::string>{"-3", "10", "2"}))
      << "text is sorted as text";
}

TEST_F(Npy, RefusesWhatAreNoLabels) {
  using namespace std::string_literals;
  const auto refused = [&](const std::string& part, const std::string& bytes) {
    expect_labels_refused(part, "y.npy", bytes);
  };
  refused("holds the label 0.5 in row 1, expected a class", npy_labels("<f8", bytes_of<double>({1, 0.5, 2})));
  refused("holds the label nan in row 2", npy_labels("<f4", bytes_of<float>({1, 2, NAN})));
  refused("holds a label beyond 2^63 in row 0", npy_labels("<u8", bytes_of<uint64_t>({UINT64_MAX, 0, 1})));
  refused("expected one label per row; of a column per class take argmax", npy_labels("<i2", "123456", "(1, 3)"));
  refused("has shape (3, 2), expected one label", npy_labels("<i2", "123456123456", "(3, 2)"));
  refused("has an empty label in row 1", npy_labels("|S1", "a\0b"s));
  refused("its text is not Unicode", npy_labels("<U1", bytes_of<uint32_t>({'a', 0xD800, 'b'})));
  refused("its text is not Unicode", npy_labels("<U1", bytes_of<uint32_t>({'a', 0x110000, 'b'})));
  refused("holds <c8, expected integers", npy_labels("<c8", std::string(24, 'x')));
  refused("holds Python objects as a pickle", npy_labels("|O", "x"));
  refused("holds 2 labels, expected one for each of the 3 rows of ", npy_labels("|i1", "12", "(2,)"));
}

TEST_F(Npy, LabelsMayBeLinesOfText) {
  const std::vector<std::string> animals = {"cats", "dogs and wolves", "cats"};
  for (const char* text : {"cats\ndogs and wolves\ncats\n", "cats\r\ndogs and wolves\r\ncats\r\n",
                           "\xEF\xBB\xBF"
                           "cats\ndogs and wolves\ncats",
                           " cats\t\ndogs and wolves  \ncats\n\n\n"}) {
    expect_labels("y.txt", text, animals);
    expect_labels("y", text, animals);
  }
  expect_labels("y.txt", "10\n-3\n2\n", {"10", "-3", "2"});
  EXPECT_EQ(labelled("y.txt", "10\n-3\n2\n").label_names, (std::vector<std::string>{"-3", "2", "10"}));
  expect_labels("y.txt", "1.000000000000000000e+01\n2.000000000000000000e+00\n0.000000000000000000e+00\n",
                {"10", "2", "0"});
  expect_labels("y.txt", "1\n2\nx\n", {"1", "2", "x"});
  expect_labels("y.txt", "1,2\n\"x\"\n,\n", {"1,2", "\"x\"", ","});
  expect_labels_refused("holds the label 1.5 in row 2", "y.txt", "1\n2\n1.5\n");
  expect_labels_refused("has an empty label in row 1", "y.txt", "a\n\nb\n");
  expect_labels_refused("holds 4 labels, expected one for each of the 3 rows", "y.txt", "label\na\nb\nc\n");
  expect_labels_refused("; remove the first line if it is a header", "y.txt", "label\na\nb\nc\n");
  expect_labels_refused("is not text in UTF-8", "y.txt",
                        std::string("\xFF\xFE"
                                    "a\0\n\0",
                                    6));
  expect_labels_refused("empty file", "y.txt", "");
  expect_labels_refused("has a label of 9000 bytes", "y.txt", std::string(9000, 'a') + "\nb\nc\n");
  expect_labels_refused("is a PNG picture; expected labels: .npy, .csv, or text with one label a line", "y.txt",
                        "\x89PNG\r\n\x1A\n");
}

TEST_F(Npy, LabelsMayBeAColumnOfATable) {
  const std::vector<std::string> animals = {"cats", "dogs", "cats"};
  for (const char* text : {"cats\ndogs\ncats\n", "label\ncats\ndogs\ncats\n", "Label\r\ncats\r\ndogs\r\ncats\r\n",
                           "id,label\n1,cats\n2,dogs\n3,cats", ",label,x\n0,cats,1\n1,dogs,2\n2,cats,3\n",
                           "\xEF\xBB\xBF\"label\",\"note\"\n\"cats\",\"a, \"\"b\"\"\nc\"\n\"dogs\",\n\"cats\",x\n"}) {
    expect_labels("y.csv", text, animals);
    expect_labels("Y.CSV", text, animals);
  }
  expect_labels("y.csv", "\"a,b\"\n\"c\"\"d\"\ne\n", {"a,b", "c\"d", "e"});
  expect_labels_refused("has the columns 'id', 'breed'; expected a header that calls one of them label", "y.csv",
                        "id,breed\n1,cats\n2,dogs\n3,cats\n");
  expect_labels_refused("has 1 columns in its record 2, expected 2", "y.csv", "id,label\n1,cats\n2\n3,cats\n");
  expect_labels_refused("; remove the first line if it is a header", "y.csv", "breed\ncats\ndogs\ncats\n");
  expect_labels_refused("holds 1 labels, expected one for each", "y.csv", "label\n\"cats\ndogs\ncats\n");
}

}  // namespace
}  // namespace vgg16
