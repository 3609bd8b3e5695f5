// VGG16's weights in half precision inside the program: a safetensors file as data, for programs that link
// vgg16::weights (libvgg16_weights.a, of 29 MB). For C99 and C++ of any standard. The values are by the Visual Geometry
// Group, University of Oxford, licence CC BY 4.0.
//
//   const auto file = std::as_bytes(std::span(vgg16_embedded_weights, vgg16_embedded_weights_end));
//   auto weights = vgg16::Weights::from_safetensors(file, "built-in weights", vgg16_embedded_weights_sha256);
#ifndef VGG16_EMBEDDED_WEIGHTS_H
#define VGG16_EMBEDDED_WEIGHTS_H

#ifdef __cplusplus
extern "C" {
#endif

extern const unsigned char vgg16_embedded_weights[];
extern const unsigned char vgg16_embedded_weights_end[];  // behind the last byte
extern const char vgg16_embedded_weights_sha256[];        // the digest of the values: Weights::sha256()

#ifdef __cplusplus
}
#endif

#endif
