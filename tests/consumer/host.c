/* host PLUGIN...: loads, calls and unloads each plug-in 1,000 times, and looks whether it, and the library that it is
   linked with, are gone from the process's memory afterwards. Knows nothing of vgg16, nor of C++. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static int is_mapped(const char* name) {
  char line[4096];
  int found = 0;
  FILE* maps = fopen("/proc/self/maps", "r");
  while (maps != NULL && fgets(line, sizeof line, maps) != NULL) found |= strstr(line, name) != NULL;
  if (maps != NULL) fclose(maps);
  return found;
}

int main(int argc, char** argv) {
  enum { kTimes = 1000 };
  for (int i = 1; i < argc; ++i) {
    for (int time = 0; time < kTimes; ++time) {
      void* plugin = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL);
      if (plugin == NULL) return printf("%s\n", dlerror()), 1;
      int (*works)(int) = NULL;
      *(void**)&works = dlsym(plugin, "plugin_works");
      if (works == NULL || !works(time == 0)) return printf("%s does not work\n", argv[i]), 1;
      if (time == 0 && !is_mapped(argv[i])) return printf("%s is not in the maps\n", argv[i]), 1;
      dlclose(plugin);
      if (is_mapped(argv[i])) return printf("%s stays in memory\n", argv[i]), 1;
      if (is_mapped("libvgg16.so")) return printf("libvgg16.so stays in memory\n"), 1;
    }
  }
  printf("%d plug-ins unloaded\n", argc - 1);
  return 0;
}
