#include "print_report.h"

#include <gtest/gtest.h>

namespace vgg16 {
namespace {

TEST(ClassificationReport, HasTheLayoutOfScikitLearn) {
  Report report;
  report.accuracy = 0.6;
  report.per_class = {{"a", 0.5, 0.5, 0.5, 2}, {"bb", 2.0 / 3, 1, 0.8, 2}, {"a_long_class_name", 0, 0, 0, 1}};
  report.macro_average = {"macro avg", 7.0 / 18, 0.5, 1.3 / 3, 5};
  report.weighted_average = {"weighted avg", 7.0 / 15, 0.6, 0.52, 5};
  EXPECT_EQ(classification_report(report),
            "                   precision    recall  f1-score   support\n"
            "\n"
            "                a       0.50      0.50      0.50         2\n"
            "               bb       0.67      1.00      0.80         2\n"
            "a_long_class_name       0.00      0.00      0.00         1\n"
            "\n"
            "         accuracy                           0.60         5\n"
            "        macro avg       0.39      0.50      0.43         5\n"
            "     weighted avg       0.47      0.60      0.52         5\n");
}

TEST(ClassificationReport, AsCsvHasAllDigits) {
  Report report;
  report.per_class = {{"cats, \"good\"", 2.0 / 3, 1, 0.8, 2}, {"dogs", 1, 0.5, 2.0 / 3, 2}};
  report.accuracy = 0.75;
  report.macro_average = {"", 5.0 / 6, 0.75, 11.0 / 15, 4};
  report.weighted_average = report.macro_average;
  EXPECT_EQ(classification_csv(report),
            "class,precision,recall,f1-score,support\n"
            "\"cats, \"\"good\"\"\",0.6666666666666666,1,0.8,2\n"
            "dogs,1,0.5,0.6666666666666666,2\n"
            "accuracy,,,0.75,4\n"
            "macro avg,0.8333333333333334,0.75,0.7333333333333333,4\n"
            "weighted avg,0.8333333333333334,0.75,0.7333333333333333,4\n");
}

TEST(ClassificationReport, CountsCodePointsAndEscapesControlCharacters) {
  Report report;
  report.per_class = {{"caf\xC3\xA9-\xE2\x82\xAC-na\xC3\xAFve", 1, 1, 1, 1}, {"x\n", 1, 1, 1, 1}};
  const std::string text = classification_report(report);
  EXPECT_NE(text.find("\ncaf\xC3\xA9-\xE2\x82\xAC-na\xC3\xAFve       1.00      1.00"), std::string::npos) << text;
  EXPECT_NE(text.find("\n       x\\x0a       1.00"), std::string::npos) << text;
}

TEST(ClassificationReport, FitsFortyColumns) {
  Report report;
  report.accuracy = 0.6;
  report.per_class = {{"a", 0.5, 0.5, 0.5, 2}, {"bb", 2.0 / 3, 1, 0.8, 12345}};
  report.macro_average = {"macro avg", 7.0 / 18, 0.5, 1.3 / 3, 5};
  report.weighted_average = {"weighted avg", 7.0 / 15, 0.6, 0.52, 5};
  EXPECT_EQ(classification_report(report, 53), classification_report(report));
  EXPECT_EQ(classification_report(report, 40),
            "              prec. recall   f1  rows\n"
            "\n"
            "           a   0.50   0.50 0.50     2\n"
            "          bb   0.67   1.00 0.80 12345\n"
            "\n"
            "    accuracy               0.60     5\n"
            "   macro avg   0.39   0.50 0.43     5\n"
            "weighted avg   0.47   0.60 0.52     5\n");
}

TEST(Wrapped, BreaksAtSpacesAndIndentsWhatFollows) {
  EXPECT_EQ(wrapped("ten chars \n  and twelve\n", 12), "ten chars \n  and twelve\n");
  EXPECT_EQ(wrapped("one two three four\n\nend", 9), "one two\n    three\n    four\n\nend\n");
  EXPECT_EQ(wrapped("  one two three", 9), "  one two\n      three\n");
  EXPECT_EQ(wrapped("caf\xC3\xA9 caf\xC3\xA9 x", 9), "caf\xC3\xA9 caf\xC3\xA9\n    x\n") << "code points";
  // A long name is not cut: it could not be copied any more.
  EXPECT_EQ(wrapped("a_long_class_name/x.jpg: b", 9), "a_long_class_name/x.jpg:\n    b\n");
  EXPECT_EQ(wrapped("a/long/path/without/a/space", 9), "a/long/path/without/a/space\n");
  EXPECT_EQ(widest_line("caf\xC3\xA9\nab\n"), 4U);
}

}  // namespace
}  // namespace vgg16
