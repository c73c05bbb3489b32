// Simulated annealing shortens a tour of 200 random cities (Kirkpatrick et al., 1983).
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <vector>

int main() {
    std::map<std::string, double> settings;
    std::ifstream file("settings.env");
    for (std::string name, value; std::getline(file, name, '=') && std::getline(file, value);) settings[name] = std::stod(value);
    const char *seed = std::getenv("LABHAND_SEED");
    std::mt19937 cities_random(1), random(seed ? std::atoi(seed) : 0);
    std::uniform_real_distribution<double> unit(0, 1);
    const int count = 200;
    std::vector<double> x(count), y(count);
    for (int i = 0; i < count; i++) x[i] = unit(cities_random), y[i] = unit(cities_random);
    std::vector<int> tour(count);
    std::iota(tour.begin(), tour.end(), 0);
    std::shuffle(tour.begin(), tour.end(), random);
    auto distance = [&](int a, int b) { return std::hypot(x[tour[a]] - x[tour[b]], y[tour[a]] - y[tour[b]]); };
    double heat = settings["HEAT"];  // the temperature, in units of the map's width
    for (int step = 0; step < settings["PROPOSALS"]; step++, heat *= 1 - settings["COOLING"]) {
        int first = random() % (count - 1), last = first + random() % (count - first);
        int before = (first + count - 1) % count, after = (last + 1) % count;
        if (before == last || after == first) continue;
        double change = distance(before, last) + distance(first, after) - distance(before, first) - distance(last, after);
        if (change < 0 || unit(random) < std::exp(-change / heat)) std::reverse(&tour[first], &tour[last] + 1);
    }
    double length = 0;
    for (int i = 0; i < count; i++) length += distance(i, (i + 1) % count);
    std::printf("tour length %.5f\n", length);
}
