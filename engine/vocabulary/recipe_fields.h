// The recipe's fields, for whatever writes, reads, compares or shows all of them.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "vgg16/feature_table.h"

namespace vgg16 {

struct RecipeField {
  std::string Recipe::*value;
  const char* name;             ///< in the attributes of a features file, and wherever it is shown
  const char* model_key;        ///< in the metadata of a model file
  std::string_view words;       ///< what messages call it
  std::string_view difference;  ///< what messages say where two recipes differ in it
};

/// In the order in which files hold them and differences are reported: what the user has most likely changed comes
/// first.
inline constexpr std::array<RecipeField, 8> kRecipeFields = {{
    {&Recipe::layer, "layer", "layer", "layer", "layers differ"},
    {&Recipe::pool, "pool", "pool", "pool", "pools differ"},
    {&Recipe::preprocessing, "preprocessing", "preprocessing", "preprocessing", "preprocessing differs"},
    {&Recipe::weights_sha256, "weights_sha256", "weights_sha256", "weights", "weights differ"},
    {&Recipe::backend, "backend", "features_backend", "backend", "backends differ"},
    {&Recipe::precision, "precision", "features_precision", "precision", "precisions differ"},
    {&Recipe::instruction_set, "instruction_set", "features_instruction_set", "instruction set",
     "instruction sets differ"},
    {&Recipe::program_version, "program_version", "features_program_version", "program version",
     "program versions differ"},
}};
static_assert(sizeof(Recipe) == kRecipeFields.size() * sizeof(std::string), "a field of Recipe has no line here");

}  // namespace vgg16
