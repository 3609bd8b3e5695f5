// The style sheet of a page.
#pragma once

#include <string_view>

namespace vgg16::page {

/// Has no "<" and no "&", which would have to be escaped in XML.
extern const std::string_view kStyle;

}  // namespace vgg16::page
