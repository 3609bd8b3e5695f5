#include "page.h"

#include <algorithm>
#include <map>

#include "html.h"
#include "sections.h"
#include "style.h"

namespace vgg16::page {
namespace {

Html meta(std::string_view key, const std::string& value, const std::string& content) {
  return void_element("meta", {{key, value}, {"content", content}});
}

Html head(const Training& training) {
  // Whatever might get into the page in spite of the escaping: a browser neither runs it nor requests it.
  constexpr const char* kPolicy =
      "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
  return element(
      "head", void_element("meta", {{"charset", "utf-8"}}) + meta("http-equiv", "Content-Security-Policy", kPolicy) +
                  meta("name", "viewport", "width=device-width, initial-scale=1") +
                  element("title",
                          percent(training.report().accuracy) + " correct: training report of " + training.table.name) +
                  style_sheet(kStyle));
}

Html contents(const std::vector<std::pair<std::string, std::string>>& places) {
  Html items;
  for (const auto& [id, words] : places) items += element("li", link_to(id, text(words)));
  return element("nav", {{"aria-label", "Contents"}}, element("ul", items));
}

}  // namespace

Page make_page(const Training& training, const PageOptions& options, const ThumbnailProgress& progress) {
  const Shown shown = choose_shown(training);
  std::vector<PictureOf> wanted;
  std::copy_if(shown.pictures.begin(), shown.pictures.end(), std::back_inserter(wanted),
               [](const PictureOf& picture) { return !picture.first->paths.empty(); });
  const std::map<PictureOf, Thumbnail> pictures =
      make_thumbnails(wanted, options.image_folders, options.threads, progress);
  const PageContents page = {training, shown, pictures};

  struct Part {
    std::string id;
    std::string title;  ///< in the contents
    Html html;
  };
  Part parts[] = {{"surest", "Surest mistakes", surest_mistakes(page)},
                  {"remarks", "Remarks", remarks(page)},
                  {"classes", "Classes", classes_section(page)},
                  {"mistakes", "Mistakes", mistakes_section(page)},
                  {"right", "Least sure", right_section(page)},
                  {"duplicates", "Same pictures", duplicates_section(page)},
                  {"look-alikes", "Alike pictures", look_alikes_section(page)},
                  {"suspects", "Labels", suspects_section(page)},
                  {"search", "Choice", search_section(page)},
                  {"probabilities", "Probabilities", probabilities_section(page)},
                  {"making", "How it was made", making_section(page, options.command)}};
  Html body;
  std::vector<std::pair<std::string, std::string>> places;
  for (const Part& part : parts) {
    if (part.html.empty()) continue;
    places.emplace_back(part.id, part.title);
    body += part.html;
  }
  const Html whole =
      element("html", {{"lang", "en"}},
              head(training) +
                  element("body", element("a", {{"class", "skip"}, {"href", "#content"}}, text("Skip to the report")) +
                                      contents(places) + element("main", {{"id", "content"}}, summary(page) + body)));
  return {.html = "<!DOCTYPE html>\n" + whole.code(),
          .pictures = std::ssize(pictures),
          .missing = std::count_if(pictures.begin(), pictures.end(),
                                   [](const auto& entry) { return entry.second.uri.empty(); })};
}

}  // namespace vgg16::page
