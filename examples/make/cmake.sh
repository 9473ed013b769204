#!/usr/bin/env bash
# A small image library in C++ with a command, built by CMake and make. Writes
#   cmake-link-error.log             a function is declared and used, but no file of it is linked
#   github-make-failed.log           two compile errors in one file, with warnings in others

source "$(dirname "$0")/common.sh"
project pixel
mkdir -p src tools

cat >CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.16)
project(pixel VERSION 0.9.2 LANGUAGES CXX)
set(CMAKE_CXX_STANDARD 17)
add_compile_options(-Wall -Wextra)

find_package(Threads REQUIRED)
find_package(ZLIB QUIET)
if(NOT ZLIB_FOUND)
  message(WARNING "zlib not found: no PNG, errors of the PNG reader are not tested")
endif()

add_library(pixel STATIC
  src/image.cpp src/colour.cpp src/pnm.cpp src/blur.cpp src/crop.cpp src/rotate.cpp
  src/flip.cpp src/histogram.cpp src/threshold.cpp src/invert.cpp)
target_include_directories(pixel PUBLIC src)

add_executable(pixel-tool tools/main.cpp)
target_link_libraries(pixel-tool PRIVATE pixel Threads::Threads)
add_executable(pixel-bench tools/bench.cpp)
target_link_libraries(pixel-bench PRIVATE pixel)
CMAKE

cat >src/image.h <<'CPP'
#pragma once
#include <cstdint>
#include <iosfwd>
#include <vector>

namespace pixel {

struct Image {
    int width = 0, height = 0;
    std::vector<std::uint8_t> grey;

    Image(int width, int height);
    std::uint8_t& at(int x, int y);
    std::uint8_t at(int x, int y) const;
};

Image read_pnm(std::istream& in);
void write_pnm(std::ostream& out, const Image& image);

Image blur(const Image& image, int radius);
Image crop(const Image& image, int x, int y, int width, int height);
Image rotate(const Image& image, int quarters);
Image resize(const Image& image, int width, int height);
Image flip(const Image& image);
Image invert(const Image& image);
Image threshold(const Image& image, std::uint8_t level);
std::vector<int> histogram(const Image& image);
std::uint8_t grey_of(int red, int green, int blue);

}  // namespace pixel
CPP
cat >src/image.cpp <<'CPP'
#include "image.h"
namespace pixel {
Image::Image(int w, int h) : width(w), height(h), grey(static_cast<std::size_t>(w) * h) {}
std::uint8_t& Image::at(int x, int y) { return grey[static_cast<std::size_t>(y) * width + x]; }
std::uint8_t Image::at(int x, int y) const { return grey[static_cast<std::size_t>(y) * width + x]; }
}  // namespace pixel
CPP
cat >src/colour.cpp <<'CPP'
#include "image.h"
namespace pixel {
std::uint8_t grey_of(int red, int green, int blue) { return (red * 299 + green * 587 + blue * 114) / 1000; }
}  // namespace pixel
CPP
cat >src/pnm.cpp <<'CPP'
#include "image.h"
#include <istream>
#include <ostream>
#include <stdexcept>
#include <string>
namespace pixel {
Image read_pnm(std::istream& in) {
    std::string magic;
    int width, height, max;
    if (!(in >> magic >> width >> height >> max) || magic != "P2") throw std::runtime_error("error: not a PGM file");
    Image image(width, height);
    for (auto& value : image.grey) {
        int number;
        in >> number;
        value = number;
    }
    return image;
}
void write_pnm(std::ostream& out, const Image& image) {
    out << "P2\n" << image.width << ' ' << image.height << "\n255\n";
    for (int i = 0; i < image.grey.size(); i++) out << int(image.grey[i]) << '\n';
}
}  // namespace pixel
CPP
cat >src/blur.cpp <<'CPP'
#include "image.h"
#include <algorithm>
namespace pixel {
Image blur(const Image& image, int radius) {
    Image out(image.width, image.height);
    int area = (2 * radius + 1) * (2 * radius + 1);
    for (int y = 0; y < image.height; y++)
        for (int x = 0; x < image.width; x++) {
            int sum = 0, count = 0;
            for (int v = std::max(0, y - radius); v <= std::min(image.height - 1, y + radius); v++)
                for (int u = std::max(0, x - radius); u <= std::min(image.width - 1, x + radius); u++, count++)
                    sum += image.at(u, v);
            out.at(x, y) = sum / count;
        }
    return out;
}
}  // namespace pixel
CPP
cat >src/crop.cpp <<'CPP'
#include "image.h"
namespace pixel {
Image crop(const Image& image, int x, int y, int width, int height) {
    Image out(width, height);
    for (int v = 0; v < height; v++)
        for (int u = 0; u < width; u++) out.at(u, v) = image.at(x + u, y + v);
    return out;
}
}  // namespace pixel
CPP
cat >src/rotate.cpp <<'CPP'
#include "image.h"
namespace pixel {
Image rotate(const Image& image, int quarters) {
    if (quarters % 4 == 0) return image;
    Image out(image.height, image.width);
    for (int y = 0; y < image.height; y++)
        for (int x = 0; x < image.width; x++) out.at(image.height - 1 - y, x) = image.at(x, y);
    return rotate(out, quarters - 1);
}
}  // namespace pixel
CPP
for name in flip invert threshold histogram; do
    case $name in
        flip) head='Image flip(const Image& image)' body='Image out = image; for (int y = 0; y < image.height; y++) for (int x = 0; x < image.width; x++) out.at(image.width - 1 - x, y) = image.at(x, y); return out;' ;;
        invert) head='Image invert(const Image& image)' body='Image out = image; for (auto& value : out.grey) value = 255 - value; return out;' ;;
        threshold) head='Image threshold(const Image& image, std::uint8_t level)' body='Image out = image; for (auto& value : out.grey) value = value < level ? 0 : 255; return out;' ;;
        histogram) head='std::vector<int> histogram(const Image& image)' body='std::vector<int> counts(256); for (auto value : image.grey) counts[value]++; return counts;' ;;
    esac
    printf '#include "image.h"\nnamespace pixel {\n%s {\n    %s\n}\n}  // namespace pixel\n' "$head" "$body" >src/$name.cpp
done
cat >tools/bench.cpp <<'CPP'
#include "image.h"
#include <iostream>
int main(int argc, char** argv) {
    pixel::Image image(512, 512);
    for (int i = 0; i < 10; i++) image = pixel::blur(image, 2);
    std::cout << int(image.at(0, 0)) << '\n';
}
CPP
cat >tools/main.cpp <<'CPP'
#include "image.h"
#include <fstream>
#include <iostream>
#include <string>

static pixel::Image apply(const pixel::Image& image, const std::string& what) {
    if (what == "blur") return pixel::blur(image, 1);
    if (what == "flip") return pixel::flip(image);
    if (what == "invert") return pixel::invert(image);
    if (what == "half") return pixel::resize(image, image.width / 2, image.height / 2);
    return image;
}

int main(int argc, char** argv) {
    if (argc < 4) {
        std::cerr << "usage: pixel-tool IN OUT FILTER...\n";
        return 2;
    }
    std::ifstream in(argv[1]);
    pixel::Image image = pixel::read_pnm(in);
    for (int i = 3; i < argc; i++) image = apply(image, argv[i]);
    if (image.width > 4096) image = pixel::resize(image, 4096, image.height * 4096 / image.width);
    std::ofstream out(argv[2]);
    pixel::write_pnm(out, image);
}
CPP

raw cmake-link-error bash -exc 'cmake -S . -B build -DCMAKE_BUILD_TYPE=Debug; cmake --build build --verbose -- -k'

rm -rf build
cat >src/resize.cpp <<'CPP'
#include "image.h"
#include <algorithm>
namespace pixel {
Image resize(const Image& image, int width, int height) {
    Image out(width, height);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            int u = std::clamp(x * image.width / width, 0, image.widht - 1);
            int v = std::clamp(y * image.height / height, 0, image.height - 1);
            out.at(x, y) = image.at(u, v);
        }
    return out.grey;
}
}  // namespace pixel
CPP
sed -i 's|src/flip.cpp|src/resize.cpp src/flip.cpp|' CMakeLists.txt
github github-make-failed.log --repo northwind-lab/pixel --env CXXFLAGS=-fdiagnostics-color=always \
    'cmake -S . -B build' 'make -C build -k' './build/pixel-bench'
