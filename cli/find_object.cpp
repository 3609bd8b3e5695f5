// _dl_find_object, a function of glibc 2.35 and newer that the compiler's runtime calls for every stack frame that an
// exception passes. The program is linked with that runtime (-static-libgcc), so it needs this definition to start on
// systems with an older glibc.
#include <dlfcn.h>
#include <link.h>

#if defined(DLFO_STRUCT_HAS_EH_DBASE) && !DLFO_STRUCT_HAS_EH_DBASE
namespace {

struct Search {
  ElfW(Addr) address;
  void* eh_frame;  // the exception-handling table of the loaded object that contains `address`
};

// Called by dl_iterate_phdr for each loaded object until it returns 1.
int look_into(dl_phdr_info* object, size_t /*size_bytes*/, void* data) {
  auto* search = static_cast<Search*>(data);
  bool inside = false;
  void* eh_frame = nullptr;
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& part = object->dlpi_phdr[i];
    const ElfW(Addr) start = object->dlpi_addr + part.p_vaddr;
    if (part.p_type == PT_LOAD) inside |= search->address - start < part.p_memsz;
    if (part.p_type == PT_GNU_EH_FRAME) eh_frame = reinterpret_cast<void*>(start);
  }
  if (!inside) return 0;
  search->eh_frame = eh_frame;
  return 1;
}

}  // namespace

/// Sets `dlfo_eh_frame`, the only field that the runtime reads. Returns 0, or -1 if no loaded object with such a table
/// contains the address. Hidden, so that shared libraries which the program loads call the C library's function.
extern "C" __attribute__((visibility("hidden"))) int _dl_find_object(void* address, dl_find_object* result) noexcept {
  Search search{reinterpret_cast<ElfW(Addr)>(address), nullptr};
  dl_iterate_phdr(look_into, &search);
  *result = {};
  result->dlfo_eh_frame = search.eh_frame;
  return search.eh_frame == nullptr ? -1 : 0;
}
#endif
