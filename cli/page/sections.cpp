// What a page begins with: how good the classifier is, in plain words, and what speaks against believing it.
#include "sections.h"

#include <algorithm>
#include <cmath>

#include "vgg16/error.h"

namespace vgg16::page {
namespace {

constexpr size_t kMaxNamedConfusions = 3;

// The rows that it was tested on, as in "147 of 150 ...".
std::string tested_words(const PageContents& page) {
  const std::string unit(page.unit());
  switch (page.report().tested_on) {
    case TestedOn::kHeldOut:
      return unit + "s that it did not train on";
    case TestedOn::kTestTable:
      return unit + "s of " + page.training.held_out.name + ", which it did not train on";
    case TestedOn::kOutOfFold:
      break;
  }
  return unit + "s, each by a fit that did not train on it";
}

// A scale from 0 to 100 %, with the accuracy and its interval.
Html accuracy_scale(const Report& report) {
  const auto per_cent = [](double share) { return digits(100 * share, 2) + "%"; };
  const Html band = element("span",
                            {{"class", "band"},
                             {"style", "left:" + per_cent(report.accuracy_low) +
                                           ";width:" + per_cent(report.accuracy_high - report.accuracy_low)}},
                            Html{});
  const Html point = element("span", {{"class", "point"}, {"style", "left:" + per_cent(report.accuracy)}}, Html{});
  Html ticks;
  for (const char* tick : {"0", "25", "50", "75", "100 %"}) ticks += element("span", tick);
  return element("div",
                 {{"class", "scale"},
                  {"role", "img"},
                  {"aria-label", "Accuracy " + percent(report.accuracy) + ", between " + percent(report.accuracy_low) +
                                     " and " + percent(report.accuracy_high)}},
                 element("div", {{"class", "track"}}, band + point) + element("div", {{"class", "ticks"}}, ticks));
}

Html where_it_fails(const PageContents& page) {
  if (page.shown.mistakes.empty()) {
    return paragraph("It got all of them right. Another test, with more " + std::string(page.unit()) +
                     "s, would say more.");
  }
  Html items;
  for (size_t i = 0; i < std::min(kMaxNamedConfusions, page.shown.mistakes.size()); ++i) {
    const Cell& cell = page.shown.mistakes[i];
    const int64_t of = page.report().per_class[static_cast<size_t>(cell.label)].support;
    const Html words = name(page.class_name(cell.label)) + text(" taken for ") + name(page.class_name(cell.predicted));
    items += element("li", (cell.shown.empty() ? words : link_to(cell.id(), words)) +
                               text(": " + std::to_string(cell.rows) + " of " + std::to_string(of)));
  }
  return element("div", {{"class", "fails"}}, element("h2", "Where it fails most") + element("ul", items));
}

}  // namespace

Html name(const std::string& words) { return element("bdi", text(words)); }

Html row_name(const FeatureTable& table, int64_t row) {
  if (table.paths.empty()) return text("row " + std::to_string(row));
  // A long path may break after a slash.
  Html parts;
  std::string_view rest = table.paths[static_cast<size_t>(row)];
  for (size_t slash = rest.find('/'); slash != std::string_view::npos; slash = rest.find('/')) {
    parts += text(rest.substr(0, slash + 1)) + void_element("wbr", {});
    rest.remove_prefix(slash + 1);
  }
  return element("bdi", parts + text(rest));
}

Html section(const std::string& id, const std::string& title, const Html& content) {
  return element("section", {{"id", id}, {"aria-labelledby", id + "-title"}},
                 element("h2", {{"id", id + "-title"}}, text(title)) + content);
}

Html paragraph(std::string_view words) { return element("p", words); }

Html summary(const PageContents& page) {
  const Report& report = page.report();
  const int64_t n_right = std::llround(report.accuracy * static_cast<double>(page.tested()));
  std::string doubt = "Of further " + std::string(page.unit()) + "s of this kind, it would probably label between " +
                      percent(report.accuracy_low) + " and " + percent(report.accuracy_high) +
                      " correctly (95 % interval for " + count_of(page.tested(), page.unit()) + ").";
  if (report.tested_on == TestedOn::kOutOfFold) {
    doubt += " No " + std::string(page.unit()) +
             " was held out: the settings were chosen by these same predictions, which may flatter.";
  }
  return element(
      "header", {{"class", "hero"}},
      element("div", element("p", {{"class", "eyebrow"}}, text("Training report: ") + name(page.training.table.name)) +
                         element("h1", {{"class", "headline"}},
                                 element("span", {{"class", "big"}}, text(percent(report.accuracy))) +
                                     text(" labelled correctly")) +
                         paragraph(std::to_string(n_right) + " of " + std::to_string(page.tested()) + " " +
                                   tested_words(page) + ". " + doubt) +
                         accuracy_scale(report)) +
          where_it_fails(page));
}

Html remarks(const PageContents& page) {
  const Report& report = page.report();
  Html items;
  if (!report.duplicates.empty()) {
    items += element("li", link_to("duplicates", text(count_of(std::ssize(report.duplicates), "pair"))) +
                               text(" across training and test are of the same picture"));
  }
  if (!report.suspects.empty()) {
    items += element("li",
                     link_to("suspects", text(count_of(std::ssize(report.suspects), "label"))) + text(" may be wrong"));
  }
  for (const auto* sentences : {&report.warnings, &report.notes}) {
    for (const std::string& sentence : *sentences) items += element("li", sentence);
  }
  if (items.empty()) return {};
  return section("remarks", "Before you rely on it", element("ul", items));
}

}  // namespace vgg16::page
