# SPDX-License-Identifier: Apache-2.0
# The library in the variants that an experiment needs, built by CMake into $(OUT)/VARIANT/lib.
# TREE is the tree it comes from, so that an experiment can be run on another state of the sources.
CC = gcc
OUT = build
TREE ?= ../..
WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-declarations \
       -Wvla -Wno-unused-parameter -Werror
CFLAGS = -std=gnu17 -O2 -g -fno-omit-frame-pointer $(WARN) -I$(TREE)/include -I$(TREE)/src -pthread
LIBRARY_FILES = $(wildcard $(TREE)/src/*/* $(TREE)/include/kiosk/*)

OPTIONS_asan = -DKIOSK_SANITIZE=address
OPTIONS_tsan = -DKIOSK_SANITIZE=thread
FLAGS_asan = -fsanitize=address,undefined -fno-sanitize-recover=all
FLAGS_tsan = -fsanitize=thread

$(OUT)/%/lib/libkiosk.a: $(LIBRARY_FILES)
	@mkdir -p $(OUT)/$*
	@cmake -S $(TREE) -B $(OUT)/$* -DCMAKE_C_COMPILER=$(CC) -DKIOSK_TESTS=OFF $(OPTIONS_$*) \
	    > $(OUT)/$*/log
	@MAKEFLAGS= cmake --build $(OUT)/$* -j 2 --target kiosk kiosk_static >> $(OUT)/$*/log
	@touch $@
