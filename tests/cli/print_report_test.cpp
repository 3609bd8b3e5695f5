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

TEST(ClassificationReport, CountsCodePointsAndEscapesControlCharacters) {
  Report report;
  report.per_class = {{"caf\xC3\xA9-\xE2\x82\xAC-na\xC3\xAFve", 1, 1, 1, 1}, {"x\n", 1, 1, 1, 1}};
  const std::string text = classification_report(report);
  EXPECT_NE(text.find("\ncaf\xC3\xA9-\xE2\x82\xAC-na\xC3\xAFve       1.00      1.00"), std::string::npos) << text;
  EXPECT_NE(text.find("\n       x\\x0a       1.00"), std::string::npos) << text;
}

}  // namespace
}  // namespace vgg16
