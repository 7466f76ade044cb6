package dev.tidemark.cli;

import java.util.Arrays;

/** Many numbers in a growing array. Confined to one thread. */
final class LongList {
    private long[] values = new long[1024];
    private int size;

    void add(long value) {
        if (size == values.length) {
            values = Arrays.copyOf(values, size * 2);
        }
        values[size++] = value;
    }

    /** Sets the value at an index; where the list is shorter, it is filled up with {@code filler}. */
    void set(int index, long value, long filler) {
        while (size <= index) {
            add(filler);
        }
        values[index] = value;
    }

    long get(int index, long otherwise) {
        return index < size ? values[index] : otherwise;
    }

    int size() {
        return size;
    }

    /** The value below which this part of them lies: 0.5 for the median. 0 when there are none. */
    long quantile(double part) {
        if (size == 0) {
            return 0;
        }
        long[] sorted = Arrays.copyOf(values, size);
        Arrays.sort(sorted);
        return sorted[Math.min(size - 1, (int) (part * size))];
    }
}
