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

const double HEAT = 0.1;      // temperature at the start, in units of the map's width
const double COOLING = 1e-5;  // share of it that each proposal takes away
const int PROPOSALS = 1000000;

int main() {
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
