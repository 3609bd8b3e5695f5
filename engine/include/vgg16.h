// vgg16 for C: features of pictures by VGG16, and classifiers trained on them. C99, or C++ of any standard, also
// without exceptions. Link libvgg16 (pkg-config vgg16); engine/EMBEDDING.md says what it promises to the program around
// it.
//
//   vgg16_weights* weights = NULL;
//   vgg16_model* model = NULL;
//   vgg16_engine* engine = NULL;
//   vgg16_picture photo = {VGG16_PATH, "photo.jpg", 9, 0, 0, 0};
//   size_t label = 0;
//   if (vgg16_weights_load("vgg16.safetensors", &weights) || vgg16_model_load("animals.model", &model) ||
//       vgg16_engine_create(weights, model, NULL, &engine) || vgg16_classify(engine, &photo, 1, NULL, 0, &label))
//     puts(vgg16_last_error());
//   else
//     puts(vgg16_model_class(model, label));
//   vgg16_engine_free(engine);
//   vgg16_model_free(model);
//   vgg16_weights_free(weights);
//
// Functions that can fail return a status, and on failure leave their outputs as they were, except for arrays, which
// may be written in part. Null pointers and wrong sizes are errors. Texts are UTF-8 and paths bytes, both
// zero-terminated. Weights and models never change and may be shared by threads; an engine serves one thread at a time,
// but any thread may cancel it. After fork(), an engine of several threads works in the parent only; in the child its
// calls fail.
#ifndef VGG16_H
#define VGG16_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define VGG16_API __attribute__((visibility("default")))
#else
#define VGG16_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Of this header. Libraries of the same major and minor number fit it. */
#define VGG16_VERSION_MAJOR 0
#define VGG16_VERSION_MINOR 1

typedef enum vgg16_status {
  VGG16_OK = 0,
  VGG16_INVALID_ARGUMENT = 1, /* a null pointer, or an option that is not valid */
  VGG16_WRONG_SIZE = 2,       /* an array's size does not fit */
  VGG16_NOT_FOUND = 3,        /* a file that must exist does not */
  VGG16_EXISTS = 4,           /* the output exists already */
  VGG16_IO = 5,               /* the system refused: permission, space, a failing disk */
  VGG16_MEMORY = 6,           /* memory ran out */
  VGG16_DEVICE = 7,           /* the device is missing or failed, or the threads are another process's */
  VGG16_REFUSED = 8,          /* an input is damaged, of another kind or made by another recipe */
  VGG16_CANCELLED = 9,        /* vgg16_engine_cancel */
  VGG16_INTERNAL = 10         /* a defect of the library */
} vgg16_status;

/* VGG16_OK if the library fits the header: vgg16_check_version(VGG16_VERSION_MAJOR, VGG16_VERSION_MINOR). */
VGG16_API vgg16_status vgg16_check_version(int major, int minor);
/* Such as "0.1.0". */
VGG16_API const char* vgg16_version(void);
/* One line about the last call of this thread that failed; valid until the next one fails. */
VGG16_API const char* vgg16_last_error(void);

/* Layers, in the network's order. */
VGG16_API size_t vgg16_layers(void);
/* Such as "block5_pool"; NULL if there is no such layer. */
VGG16_API const char* vgg16_layer_name(size_t index);
/* Numbers in a row of the layer's features; pool is "none", "avg", "max" or "2x2", for a NULL "none". */
VGG16_API vgg16_status vgg16_layer_columns(const char* layer, const char* pool, size_t* columns);

/* Weights of the network: this project's safetensors file or Keras' HDF5 file. */
typedef struct vgg16_weights vgg16_weights;
VGG16_API vgg16_status vgg16_weights_load(const char* path, vgg16_weights** weights);
/* A safetensors file in memory, which must outlive the weights and the engines of them. sha256 is the digest of the
   values if the caller knows it, or NULL. vgg16/embedded_weights.h has both. */
VGG16_API vgg16_status vgg16_weights_from_memory(const void* bytes, size_t size, const char* sha256,
                                                 vgg16_weights** weights);
/* Engines keep what they need. All functions of this kind accept NULL. */
VGG16_API void vgg16_weights_free(vgg16_weights* weights);

/* A trained classifier. */
typedef struct vgg16_model vgg16_model;
VGG16_API vgg16_status vgg16_model_load(const char* path, vgg16_model** model);
VGG16_API vgg16_status vgg16_model_save(const vgg16_model* model, const char* path, int overwrite);
VGG16_API void vgg16_model_free(vgg16_model* model);
/* Its classes, their names (NULL if there is no such class; valid until the model is freed), and the numbers in a row.
 */
VGG16_API size_t vgg16_model_classes(const vgg16_model* model);
VGG16_API const char* vgg16_model_class(const vgg16_model* model, size_t index);
VGG16_API size_t vgg16_model_columns(const vgg16_model* model);
/* Probabilities (n, classes) of rows (n, columns); `count` is the size of probabilities. */
VGG16_API vgg16_status vgg16_model_predict(const vgg16_model* model, const float* rows, size_t n, size_t columns,
                                           double* probabilities, size_t count);

/* A picture of any size; it is resized as the model was trained (nearest neighbour). */
enum {
  VGG16_ENCODED = 0, /* a JPEG or PNG file in memory */
  VGG16_PATH = 1,    /* the path of such a file */
  VGG16_RGB = 2,     /* pixels of a byte per channel; alpha is dropped */
  VGG16_BGR = 3,
  VGG16_RGBA = 4,
  VGG16_BGRA = 5,
  VGG16_GREY = 6
};
typedef struct vgg16_picture {
  int format;
  const void* data;
  size_t size; /* bytes at data; of a path without the final zero */
  /* Of pixels only: */
  int height;
  int width;
  int64_t stride; /* bytes from the start of a row to that of the next; 0: no gaps between rows */
} vgg16_picture;

/* The network on a device, and a model for vgg16_classify, or NULL, for features alone. */
typedef struct vgg16_engine vgg16_engine;
typedef struct vgg16_engine_options {
  size_t size;           /* sizeof(vgg16_engine_options) */
  const char* layer;     /* the last one; of an engine with a model, the model's, and so is pool */
  const char* pool;      /* as in vgg16_layer_columns */
  const char* device;    /* "auto", "cpu", "cuda" or "cuda:N" */
  const char* precision; /* "f32" or "bf16"; on a GPU also "tf32" or "f16". The first engine in bf16 on a processor with
                            AMX asks Linux for its tiles, for the whole process and for good: from then on the frame of
                            a signal takes 11 KB, and sigaltstack() refuses a smaller stack */
  int threads;           /* the caller's included; 0: one per processor */
  int batch_size;        /* pictures that are computed together, 1 to 1024 */
} vgg16_engine_options;
/* The defaults, which a NULL instead of options means too. */
#define VGG16_ENGINE_OPTIONS \
  { sizeof(vgg16_engine_options), "block5_pool", "none", "auto", "f32", 0, 32 }

/* VGG16_REFUSED if the model was trained on features of other weights. */
VGG16_API vgg16_status vgg16_engine_create(const vgg16_weights* weights, const vgg16_model* model,
                                           const vgg16_engine_options* options, vgg16_engine** engine);
VGG16_API void vgg16_engine_free(vgg16_engine* engine);
/* Numbers in a row of its features. */
VGG16_API size_t vgg16_engine_columns(const vgg16_engine* engine);
/* While it is on, calls end with VGG16_CANCELLED, also one in progress: on a CPU within milliseconds, on a GPU after
   the batch. */
VGG16_API void vgg16_engine_cancel(vgg16_engine* engine, int on);

/* Rows (n, columns) of features; `count` is the size of rows. layer NULL: the engine's layer and pool; otherwise its
   layer or an earlier one. */
VGG16_API vgg16_status vgg16_extract(vgg16_engine* engine, const vgg16_picture* pictures, size_t n, const char* layer,
                                     const char* pool, float* rows, size_t count);
/* Probabilities (n, classes), `count` being their size, and the most probable class of each of n pictures. Either of
   the two may be NULL. */
VGG16_API vgg16_status vgg16_classify(vgg16_engine* engine, const vgg16_picture* pictures, size_t n,
                                      double* probabilities, size_t count, size_t* labels);

/* On a GPU: rows (n, columns), the engine's own, of pictures (n, 224, 224, 3), uint8 RGB, both in the GPU's memory;
   `count` is the size of rows. stream is a cudaStream_t of that GPU, or NULL for the default stream. The call puts its
   work into the stream and returns; vgg16/extractor.h, extract_on_device, says more. */
VGG16_API vgg16_status vgg16_extract_on_device(vgg16_engine* engine, const uint8_t* pictures, size_t n, float* rows,
                                               size_t count, void* stream);

typedef struct vgg16_train_options {
  size_t size;                 /* sizeof(vgg16_train_options) */
  const char* classifier;      /* "logistic", "svm" or "forest" */
  const double* c;             /* values of C to try; NULL: the classifier's usual ones. Not of a forest */
  size_t c_count;              /* how many they are */
  const char* class_weight;    /* "none", "balanced" or "NAME=W,NAME=W" */
  double test_size;            /* share of the rows, the last ones, that are held out and tested on; 0: none */
  int folds;                   /* of the cross-validation that chooses C, or a forest's size */
  int threads;                 /* 0: one per processor; the result does not depend on it */
  const vgg16_engine* rows_of; /* the engine that computed the rows, by its own layer and pool, which the model records;
                                  may be NULL */
  /* Of a forest only: */
  const int* trees; /* numbers of trees to try; NULL: 100 */
  size_t trees_count;
  const int* min_leaf; /* least rows in a leaf to try with each; NULL: 1 */
  size_t min_leaf_count;
  uint64_t seed; /* the same seed, the same forest */
} vgg16_train_options;
#define VGG16_TRAIN_OPTIONS \
  { sizeof(vgg16_train_options), "logistic", NULL, 0, "none", 0.25, 3, 0, NULL, NULL, 0, NULL, 0, 42 }

typedef struct vgg16_train_report {
  size_t size;         /* sizeof(vgg16_train_report), set by the caller */
  double best_c;       /* 0 of a forest */
  size_t tested_rows;  /* held out; if none were, all rows, by fits that did not train on them */
  double accuracy;     /* on these rows, as are the others */
  double accuracy_low; /* a 95 % interval */
  double accuracy_high;
  double log_loss;
  int best_trees; /* of a forest, as are the others; otherwise 0 */
  int best_min_leaf;
  double out_of_bag_accuracy; /* on the rows that trained, by the trees that did not see the row */
} vgg16_train_report;

/* Trains on rows (n, columns), each of the class class_names[label]. options and report may be NULL. */
VGG16_API vgg16_status vgg16_train(const float* rows, size_t n, size_t columns, const int64_t* labels,
                                   const char* const* class_names, size_t classes, const vgg16_train_options* options,
                                   vgg16_train_report* report, vgg16_model** model);

#ifdef __cplusplus
}
#endif

#endif
