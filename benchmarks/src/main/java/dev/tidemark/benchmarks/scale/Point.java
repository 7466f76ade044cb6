package dev.tidemark.benchmarks.scale;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * One set of circumstances.
 *
 * @param dimension which of the others it is there to vary: {@code payload}, {@code producers}, {@code partitions}, {@code readers}, {@code size}
 * @param inFlight how many appends of a producer are under way; with 1 it waits for each
 * @param sizeGib how much the log holds before it is measured
 */
record Point(
        String dimension, int payloadBytes, int producers, int inFlight, int partitions, int readers, int sizeGib) {

    private static final int USUAL_BYTES = 1024;
    private static final int USUAL_PRODUCERS = 8;
    private static final int USUAL_IN_FLIGHT = 256;
    /** No more than this is under way at once: the log's queue would only make producers wait. */
    private static final int MOST_UNDER_WAY_BYTES = 32 << 20;

    /** Appends of 1 KiB by eight producers with 256 under way each, to one partition. */
    private static Point usual(String dimension) {
        return new Point(dimension, USUAL_BYTES, USUAL_PRODUCERS, USUAL_IN_FLIGHT, 1, 0, 0);
    }

    /** All that are to be measured along these dimensions, the cheap ones first. */
    static List<Point> plan(List<String> dimensions, int mostPartitions, int mostGib) {
        List<Point> points = new ArrayList<>();
        for (String dimension : dimensions) {
            switch (dimension) {
                case "payload" -> payloads(points);
                case "producers" -> producers(points);
                case "partitions" -> partitions(points, mostPartitions);
                case "readers" -> readers(points);
                case "size" -> sizes(points, mostGib);
                default -> throw new IllegalArgumentException("no such dimension: " + dimension);
            }
        }
        return points;
    }

    private static void payloads(List<Point> points) {
        for (int bytes = 16; bytes <= 1 << 20; bytes *= 4) {
            int inFlight = Math.max(2, Math.min(USUAL_IN_FLIGHT, MOST_UNDER_WAY_BYTES / USUAL_PRODUCERS / bytes));
            points.add(new Point("payload", bytes, USUAL_PRODUCERS, inFlight, 1, 0, 0));
        }
    }

    private static void producers(List<Point> points) {
        for (int producers = 1; producers <= 256; producers *= 2) {
            points.add(new Point("producers", USUAL_BYTES, producers, 1, 1, 0, 0));
        }
    }

    private static void partitions(List<Point> points, int most) {
        for (int partitions = 1; partitions <= most; partitions *= 10) {
            Point usual = usual("partitions");
            points.add(
                    new Point(usual.dimension, usual.payloadBytes, usual.producers, usual.inFlight, partitions, 0, 0));
        }
    }

    private static void readers(List<Point> points) {
        for (int readers : new int[] {0, 1, 4, 16, 64}) {
            Point usual = usual("readers");
            points.add(new Point(usual.dimension, usual.payloadBytes, usual.producers, usual.inFlight, 1, readers, 0));
        }
    }

    private static void sizes(List<Point> points, int mostGib) {
        for (int gib : new int[] {1, 2, 5, 10, 20, 50}) {
            if (gib <= mostGib) {
                Point usual = usual("size");
                points.add(new Point(usual.dimension, usual.payloadBytes, usual.producers, usual.inFlight, 1, 0, gib));
            }
        }
    }

    /** The same for the same circumstances, whenever it was measured. */
    String key() {
        return String.join(" ", arguments());
    }

    /** What {@link #of} reads. */
    List<String> arguments() {
        return List.of(
                "dimension=" + dimension,
                "size=" + payloadBytes,
                "threads=" + producers,
                "window=" + inFlight,
                "partitions=" + partitions,
                "readers=" + readers,
                "gib=" + sizeGib);
    }

    /** From the arguments of a process that was started for it. */
    static Point of(Map<String, String> arguments) {
        return new Point(
                arguments.getOrDefault("dimension", ""),
                number(arguments, "size"),
                number(arguments, "threads"),
                number(arguments, "window"),
                number(arguments, "partitions"),
                number(arguments, "readers"),
                number(arguments, "gib"));
    }

    private static int number(Map<String, String> arguments, String name) {
        String value = arguments.get(name);
        if (value == null) {
            throw new IllegalArgumentException("missing: " + name);
        }
        return Integer.parseInt(value);
    }
}
