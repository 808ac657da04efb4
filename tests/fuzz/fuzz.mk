# fuzz.mk - builds the fuzz targets with clang's libFuzzer in a folder of their own,
# beside whatever the tree itself is built with. GNU make; run by `make fuzz` and
# `make fuzz-smoke`, which say srcdir, SOURCES, CPPFLAGS, CFLAGS, LIBS and TARGETS.
BUILD = fuzz-build
FUZZ_CC = clang
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=undefined
objects = $(patsubst %.c,$(BUILD)/%.o,$(filter %.c,$(SOURCES)))
programs = $(TARGETS:%=$(BUILD)/%)

all: $(programs)

$(programs): $(BUILD)/%: $(srcdir)/tests/fuzz/libfuzzer.c $(objects)
	@echo "  FUZZ     $@"
	@$(FUZZ_CC) $(CPPFLAGS) $(CFLAGS) -g -O1 $(SANITIZE) -fsanitize=fuzzer \
		-DFUZZ_TARGET=fuzz_$* -o $@ $< $(objects) $(LIBS)

vpath %.c $(srcdir)
$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC       $@"
	@$(FUZZ_CC) $(CPPFLAGS) -DBLOCK_BYTES=0 $(CFLAGS) -g -O1 -fno-omit-frame-pointer \
		$(SANITIZE) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

-include $(objects:.o=.d)
.PHONY: all
.SECONDARY:
