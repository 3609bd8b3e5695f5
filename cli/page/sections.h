// The parts of a page. Each is a <section>, or nothing where there is nothing to show.
#pragma once

#include <map>
#include <string>

#include "html.h"
#include "shown.h"
#include "thumbnails.h"

namespace vgg16::page {

/// What the parts are made of. `pictures` has every one of shown.pictures, or none if the tables have no paths.
struct PageContents {
  const Training& training;
  const Shown& shown;
  const std::map<PictureOf, Thumbnail>& pictures;

  [[nodiscard]] const Report& report() const { return training.report(); }
  [[nodiscard]] const std::string& class_name(int64_t label) const {
    return report().classes[static_cast<size_t>(label)];
  }
  /// "picture" or, if the features are not of pictures as far as the table says, "row".
  [[nodiscard]] std::string_view unit() const { return training.held_out.paths.empty() ? "row" : "picture"; }
  /// How many it was tested on.
  [[nodiscard]] int64_t tested() const { return static_cast<int64_t>(report().predictions.size()); }
};

/// A name from outside, kept together whatever its direction of writing.
[[nodiscard]] Html name(const std::string& text);
/// The path of a row's picture, or "row 12".
[[nodiscard]] Html row_name(const FeatureTable& table, int64_t row);

[[nodiscard]] Html section(const std::string& id, const std::string& title, const Html& content);
[[nodiscard]] Html paragraph(std::string_view words);

// sections.cpp
[[nodiscard]] Html summary(const PageContents& page);
[[nodiscard]] Html remarks(const PageContents& page);

// tables.cpp
[[nodiscard]] Html classes_section(const PageContents& page);
[[nodiscard]] Html search_section(const PageContents& page);
[[nodiscard]] Html probabilities_section(const PageContents& page);
[[nodiscard]] Html making_section(const PageContents& page, const std::string& command);

// pictures.cpp
[[nodiscard]] Html surest_mistakes(const PageContents& page);
[[nodiscard]] Html mistakes_section(const PageContents& page);
[[nodiscard]] Html right_section(const PageContents& page);
[[nodiscard]] Html duplicates_section(const PageContents& page);
[[nodiscard]] Html look_alikes_section(const PageContents& page);
[[nodiscard]] Html suspects_section(const PageContents& page);

}  // namespace vgg16::page
