package dev.tidemark.planted.metrics;

final class PrintsALine {
    void print(String line) {
        System.out.println(line);
    }
}
