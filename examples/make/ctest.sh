#!/usr/bin/env bash
# A queue in C++ with tests by CTest. Writes
#   ctest-failed.log                 one test's check fails and one test crashes, among 24

source "$(dirname "$0")/common.sh"
project ring
mkdir -p src tests

cat >CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.16)
project(ring LANGUAGES CXX)
set(CMAKE_CXX_STANDARD 17)
enable_testing()
add_executable(ring-tests tests/tests.cpp)
target_include_directories(ring-tests PRIVATE src)
foreach(name empty one full wrap wrap-twice peek clear copy error-when-empty error-when-full)
  add_test(NAME ring.${name} COMMAND ring-tests ${name})
endforeach()
foreach(n RANGE 1 13)
  add_test(NAME ring.push-${n} COMMAND ring-tests push ${n})
endforeach()
add_test(NAME ring.stress COMMAND ring-tests stress)
CMAKE
cat >src/ring.h <<'CPP'
#pragma once
#include <cstddef>
#include <stdexcept>
#include <vector>

template <class T>
class Ring {
public:
    explicit Ring(std::size_t size) : slots(size) {}

    void push(T value) {
        if (count == slots.size()) throw std::length_error("ring is full");
        slots[(first + count) % slots.size()] = value;
        count++;
    }

    T pop() {
        if (count == 0) throw std::out_of_range("ring is empty");
        T value = slots[first];
        first = first + 1;
        count--;
        return value;
    }

    const T* peek() const { return count ? &slots[first] : nullptr; }
    void clear() { count = 0; }
    std::size_t size() const { return count; }

private:
    std::vector<T> slots;
    std::size_t first = 0, count = 0;
};
CPP
cat >tests/tests.cpp <<'CPP'
#include "ring.h"
#include <cstdlib>
#include <iostream>
#include <string>

#define CHECK_EQ(got, want)                                                                  \
    do {                                                                                     \
        auto g = (got);                                                                      \
        auto w = (want);                                                                     \
        if (!(g == w)) {                                                                     \
            std::cerr << __FILE__ << ":" << __LINE__ << ": check failed: " #got " is " << g  \
                      << ", should be " << w << std::endl;                                   \
            std::exit(1);                                                                    \
        }                                                                                    \
    } while (0)

int main(int argc, char** argv) {
    std::string name = argv[1];
    Ring<std::size_t> ring(4);
    std::cout << "running " << name << std::endl;
    if (name == "one") {
        ring.push(7);
        CHECK_EQ(ring.pop(), 7u);
    } else if (name == "full") {
        for (std::size_t i = 0; i < 4; i++) ring.push(i);
        CHECK_EQ(ring.size(), 4u);
    } else if (name == "wrap") {
        for (std::size_t i = 0; i < 4; i++) ring.push(i), ring.pop();
        ring.push(42);
        CHECK_EQ(ring.size(), 1u);
        CHECK_EQ(ring.pop(), 42u);
    } else if (name == "peek") {
        ring.push(3);
        CHECK_EQ(*ring.peek(), 3u);
        ring.pop();
        CHECK_EQ(ring.peek(), nullptr);
    } else if (name.rfind("error-when-", 0) == 0) {
        try {
            if (name == "error-when-empty") ring.pop();
            for (;;) ring.push(1);
        } catch (const std::exception& error) {
            std::cerr << "error: " << error.what() << " (expected)" << std::endl;
        }
    } else if (name == "push") {
        Ring<std::size_t> large(std::atoi(argv[2]));
        for (int i = 0; i < std::atoi(argv[2]); i++) large.push(i);
        CHECK_EQ(large.size(), std::size_t(std::atoi(argv[2])));
    } else if (name == "stress") {
        for (std::size_t i = 0; i < 100000000; i++) ring.push(i), ring.pop();
    }
    std::cout << "passed" << std::endl;
}
CPP

raw ctest-failed bash -exc 'cmake -S . -B build; cmake --build build; ctest --test-dir build --output-on-failure'
