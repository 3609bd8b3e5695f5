// The parts of a page that are pictures.
#include <algorithm>

#include "sections.h"

namespace vgg16::page {
namespace {

// The picture of a row, or a box that says why there is none; nothing for a table without paths.
Html picture(const PageContents& page, const FeatureTable& table, int64_t row) {
  const auto found = page.pictures.find({&table, row});
  if (found == page.pictures.end()) return {};
  const Thumbnail& thumbnail = found->second;
  const std::string& path = table.paths[static_cast<size_t>(row)];
  if (thumbnail.uri.empty()) return element("div", {{"class", "missing"}}, text("no picture: " + thumbnail.reason));
  return void_element("img", {{"src", thumbnail.uri},
                              {"width", std::to_string(thumbnail.width)},
                              {"height", std::to_string(thumbnail.height)},
                              {"alt", path}});
}

Html figure(const PageContents& page, const FeatureTable& table, int64_t row, const Html& caption) {
  return element("figure", picture(page, table, row) + element("figcaption", caption));
}

Html path_line(const FeatureTable& table, int64_t row) {
  return element("span", {{"class", "path"}}, row_name(table, row));
}

Html line(const Html& content) { return element("div", content); }

Html gallery(const Html& figures) { return element("div", {{"class", "gallery"}}, figures); }

// "and 12 more, which train --json lists"; nothing for none.
Html more(int64_t left_out) {
  if (left_out <= 0) return {};
  return element("p", {{"class", "soft"}}, text("and " + std::to_string(left_out) + " more, which train --json lists"));
}

bool is_shown(const PageContents& page, const HeldOutPrediction* mistake) {
  const std::vector<Cell>& cells = page.shown.mistakes;
  return std::any_of(cells.begin(), cells.end(), [&](const Cell& cell) {
    return std::find(cell.shown.begin(), cell.shown.end(), mistake) != cell.shown.end();
  });
}

// A wrong prediction beside what it may come from.
Html mistake_card(const PageContents& page, const HeldOutPrediction& p) {
  const Training& training = page.training;
  Html similar;
  for (const Neighbour& near : p.nearest) {
    const auto label = static_cast<size_t>(training.table.labels[static_cast<size_t>(near.row)]);
    similar += figure(page, training.table, near.row,
                      line(element("b", name(training.table.label_names[label]))) +
                          line(text("similarity " + digits(near.similarity, 4))) + path_line(training.table, near.row));
  }
  Html content = figure(page, training.held_out, p.row,
                        line(text("probability " + digits(p.probability, 4))) + path_line(training.held_out, p.row));
  if (!similar.empty()) {
    content += element("div", {{"class", "similar"}},
                       element("p", "Most similar among those that it trained on") + gallery(similar));
  }
  return element("article", {{"class", "mistake"}, {"id", mistake_id(p)}}, content);
}

// A held-out row and a training row, side by side.
Html pair_card(const PageContents& page, const DuplicatePair& pair) {
  const auto side = [&](const FeatureTable& table, int64_t row, std::string_view role) {
    const auto label = static_cast<size_t>(table.labels[static_cast<size_t>(row)]);
    return figure(page, table, row,
                  line(text(role) + text(", ") + element("b", name(table.label_names[label]))) + path_line(table, row));
  };
  return element(
      "article", {{"class", "pair"}},
      side(page.training.held_out, pair.held_out_row, "test") +
          side(page.training.table, pair.training_row, "training") +
          element("p", {{"class", pair.same_label ? "soft" : "alert"}},
                  text("similarity " + digits(pair.similarity, 4) +
                       (pair.same_label ? "" : "; two labels: if it is one picture, one of them is wrong"))));
}

Html pair_cards(const PageContents& page, const std::vector<const DuplicatePair*>& shown,
                const std::vector<DuplicatePair>& all) {
  Html cards;
  for (const DuplicatePair* pair : shown) cards += pair_card(page, *pair);
  return element("div", {{"class", "pairs"}}, cards) + more(std::ssize(all) - std::ssize(shown));
}

}  // namespace

Html surest_mistakes(const PageContents& page) {
  if (page.pictures.empty()) return {};
  Html figures;
  for (const HeldOutPrediction* p : page.shown.surest) {
    const Html words = name(page.class_name(p->label)) + text(", not ") + name(page.class_name(p->predicted));
    figures += figure(page, page.training.held_out, p->row,
                      line(is_shown(page, p) ? link_to(mistake_id(*p), words) : words) +
                          line(text("probability " + digits(p->probability, 4))));
  }
  if (figures.empty()) return {};
  return section("surest", "Its surest mistakes", gallery(figures));
}

Html mistakes_section(const PageContents& page) {
  Html content;
  for (const Cell& cell : page.shown.mistakes) {
    if (cell.shown.empty()) continue;
    Html cards;
    for (const HeldOutPrediction* p : cell.shown) cards += mistake_card(page, *p);
    content += element(
        "div", {{"class", "cell"}, {"id", cell.id()}},
        element("h3", name(page.class_name(cell.label)) + text(", taken for ") + name(page.class_name(cell.predicted)) +
                          text(": ") + text(std::to_string(cell.rows))) +
            cards + more(cell.rows - std::ssize(cell.shown)));
  }
  if (content.empty()) return {};
  const bool has_neighbours = std::any_of(page.shown.surest.begin(), page.shown.surest.end(),
                                          [](const HeldOutPrediction* p) { return !p->nearest.empty(); });
  return section(
      "mistakes", "What it got wrong",
      paragraph("By what was taken for what, the most frequent first; within each, the surest mistake first.") +
          (has_neighbours
               ? paragraph("Similarity is the cosine between the features of two " + std::string(page.unit()) +
                           "s after their mean is subtracted: 1 for the same, about 0 for unrelated ones.")
               : Html{}) +
          content);
}

Html right_section(const PageContents& page) {
  Html content;
  for (const Cell& cell : page.shown.right) {
    if (cell.shown.empty()) continue;
    Html figures;
    for (const HeldOutPrediction* p : cell.shown) {
      figures +=
          figure(page, page.training.held_out, p->row,
                 line(text("probability " + digits(p->probability, 4))) + path_line(page.training.held_out, p->row));
    }
    content += element(
        "div", {{"class", "cell"}, {"id", cell.id()}},
        element("h3", name(page.class_name(cell.label)) + text(": " + std::to_string(cell.rows))) + gallery(figures));
  }
  if (content.empty()) return {};
  return section("right", "Right, but least sure",
                 paragraph("Of the right answers of each class, those with the lowest probabilities.") + content);
}

Html duplicates_section(const PageContents& page) {
  if (page.shown.duplicates.empty()) return {};
  return section("duplicates", "The same picture in training and test",
                 paragraph("The classifier was tested on what it had seen, which makes the accuracy above too high.") +
                     pair_cards(page, page.shown.duplicates, page.report().duplicates));
}

Html look_alikes_section(const PageContents& page) {
  if (page.shown.look_alikes.empty()) return {};
  return section("look-alikes", "Very alike in training and test",
                 paragraph("Different photographs of one thing, or one photograph that was cut or much changed: a look "
                           "decides.") +
                     pair_cards(page, page.shown.look_alikes, page.report().look_alikes));
}

Html suspects_section(const PageContents& page) {
  Html figures;
  for (const SuspectLabel* s : page.shown.suspects) {
    const FeatureTable& table = s->held_out ? page.training.held_out : page.training.table;
    figures += figure(page, table, s->row,
                      line(text("labelled ") + element("b", name(page.class_name(s->label))) + text(" ") +
                           text(digits(s->label_probability, 4))) +
                          line(text("predicted ") + element("b", name(page.class_name(s->predicted))) + text(" ") +
                               text(digits(s->predicted_probability, 4))) +
                          path_line(table, s->row));
  }
  if (figures.empty()) return {};
  return section("suspects", "Labels that may be wrong",
                 paragraph("By fits that did not train on the " + std::string(page.unit()) +
                           ", the least probable label first. A look decides: the label may be right.") +
                     gallery(figures) + more(std::ssize(page.report().suspects) - std::ssize(page.shown.suspects)));
}

}  // namespace vgg16::page
