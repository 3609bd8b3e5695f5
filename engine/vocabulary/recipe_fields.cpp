#include "vocabulary/recipe_fields.h"

namespace vgg16 {

std::vector<std::pair<std::string_view, std::string_view>> recipe_fields(const Recipe& recipe) {
  std::vector<std::pair<std::string_view, std::string_view>> values;
  for (const RecipeField& field : kRecipeFields) values.emplace_back(field.name, recipe.*field.value);
  return values;
}

}  // namespace vgg16
