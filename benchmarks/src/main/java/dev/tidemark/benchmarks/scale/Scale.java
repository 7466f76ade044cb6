package dev.tidemark.benchmarks.scale;

import dev.tidemark.benchmarks.JsonLine;
import dev.tidemark.benchmarks.Scratch;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Measures the engine along several dimensions, each point in a process of its own, and appends each result to a file as one JSON line. It may be stopped
 * at any time: started again with the same file, it leaves out the points that are in it.
 *
 * <p>Bounded in time ({@code minutes}: no point is begun later) and in space ({@code gib}: what the log, or one run, may take).
 */
public final class Scale {
    private static final Set<String> NAMES =
            Set.of("out", "dimensions", "seconds", "minutes", "gib", "partitions", "heap");
    private static final long LONGEST_STEP_SECONDS = 900;

    private final Map<String, String> arguments;
    private final Path out;
    private final double seconds;
    private final long until;
    private final int gib;
    private final PrintStream told = System.out;

    private Scale(Map<String, String> arguments) {
        this.arguments = arguments;
        out = Path.of(arguments.getOrDefault("out", "results/scale.jsonl"));
        seconds = Double.parseDouble(arguments.getOrDefault("seconds", "2"));
        gib = Integer.parseInt(arguments.getOrDefault("gib", "4"));
        until = System.nanoTime() + (long) (Double.parseDouble(arguments.getOrDefault("minutes", "30")) * 60 * 1e9);
    }

    /** {@code name=value...}: see {@code benchmarks/README.md}. */
    public static void main(String[] args) throws IOException, InterruptedException {
        Map<String, String> arguments = new HashMap<>();
        for (String argument : args) {
            int at = argument.indexOf('=');
            if (at < 0 || !NAMES.contains(argument.substring(0, at))) {
                System.err.println("no such argument: " + argument + "; there are "
                        + NAMES.stream().sorted().toList());
                System.exit(2);
            }
            arguments.put(argument.substring(0, at), argument.substring(at + 1));
        }
        new Scale(arguments).run();
    }

    private void run() throws IOException, InterruptedException {
        List<String> dimensions = List.of(arguments
                .getOrDefault("dimensions", "payload,producers,partitions,readers,size")
                .split(",", -1));
        int partitions = Integer.parseInt(arguments.getOrDefault("partitions", "10000"));
        List<Point> points = Point.plan(dimensions, partitions, gib);
        Path parent = out.toAbsolutePath().getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        Set<String> done = done(out);
        int left = 0;
        try (Scratch scratch = Scratch.ofThisProcess()) {
            // What several sizes share: a log that grows from one to the next.
            Path growing = scratch.directory().resolve("growing");
            for (Point point : points) {
                if (done.contains(point.key())) {
                    continue;
                }
                if (System.nanoTime() > until) {
                    left++;
                    continue;
                }
                told.println(point.key());
                measure(point, scratch.directory(), growing);
            }
        }
        told.println("results: " + out + (left == 0 ? "" : "; time was over before " + left + " points: run it again"));
    }

    /** The points that a file of results has whole. */
    static Set<String> done(Path file) throws IOException {
        Set<String> keys = new HashSet<>();
        if (Files.exists(file)) {
            for (String line : Files.readAllLines(file)) {
                JsonLine result = JsonLine.parse(line);
                if (result.text("status").equals("done")) {
                    keys.add(result.text("key"));
                }
            }
        }
        return keys;
    }

    private void measure(Point point, Path scratch, Path growing) throws IOException, InterruptedException {
        List<JsonLine> results = new ArrayList<>();
        String status = "done";
        try {
            if (point.sizeGib() == 0) {
                Path data = scratch.resolve("data");
                results.addAll(step("load", point, data));
                delete(data);
            } else {
                results.addAll(step("fill", point, growing));
                results.addAll(step("warm", point, growing));
                if (dropFromPageCache(growing)) {
                    results.addAll(step("cold", point, growing));
                }
                results.addAll(step("untilKilled", point, growing));
                results.addAll(step("afterKill", point, growing));
                if (point.sizeGib() == gib) {
                    results.addAll(step("trim", point, growing));
                }
            }
        } catch (StepFailure e) {
            status = "failed";
            told.println("  " + e.getMessage());
        }
        write(point, results, status);
    }

    private void write(Point point, List<JsonLine> results, String status) throws IOException {
        StringBuilder lines = new StringBuilder();
        String now = Instant.now().toString();
        for (int i = 0; i < results.size(); i++) {
            boolean isLast = i == results.size() - 1;
            lines.append(described(point, now, isLast ? status : "part").putAll(results.get(i)))
                    .append('\n');
            told.println(
                    "  " + results.get(i).text("load") + " " + results.get(i).text("appends_s") + "/s p99 "
                            + results.get(i).text("p99_us") + " us open "
                            + results.get(i).text("open_ms") + " ms");
        }
        if (results.isEmpty()) {
            lines.append(described(point, now, status)).append('\n');
        }
        // All lines of a point in one go, the last one saying that they are whole: a file that was cut off is gone on
        // with.
        Files.writeString(out, lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    private static JsonLine described(Point point, String now, String status) {
        JsonLine line = new JsonLine().put("ts", now).put("peer", "tidemark").put("key", point.key());
        for (String argument : point.arguments()) {
            int at = argument.indexOf('=');
            String name = argument.substring(0, at);
            String value = argument.substring(at + 1);
            if (name.equals("dimension")) {
                line.put(name, value);
            } else {
                line.put(name, Long.parseLong(value));
            }
        }
        return line.put("durability", "durable").put("status", status);
    }

    /** What a process could not do; the point is measured anew another time. */
    private static final class StepFailure extends Exception {
        private static final long serialVersionUID = 1;

        StepFailure(String message) {
            super(message);
        }
    }

    private List<JsonLine> step(String step, Point point, Path data)
            throws IOException, InterruptedException, StepFailure {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + arguments.getOrDefault("heap", "2g"),
                "-cp",
                System.getProperty("java.class.path"),
                Measure.class.getName()));
        command.addAll(point.arguments());
        command.add("step=" + step);
        command.add("data=" + data);
        command.add("seconds=" + seconds);
        command.add("mostBytes=" + ((long) gib << 30));
        Path errors = Files.createTempFile("tidemark-scale-", ".txt");
        Process process =
                new ProcessBuilder(command).redirectError(errors.toFile()).start();
        try {
            List<JsonLine> results = new ArrayList<>();
            Thread reader = new Thread(() -> read(process, results), "results");
            reader.setDaemon(true);
            reader.start();
            if (!process.waitFor(LONGEST_STEP_SECONDS, TimeUnit.SECONDS)) {
                throw new StepFailure(step + " did not end in time");
            }
            reader.join(TimeUnit.SECONDS.toMillis(60));
            boolean wasKilled = step.equals("untilKilled");
            if (!wasKilled && (process.exitValue() != 0 || results.isEmpty())) {
                throw new StepFailure(step + " ended with " + process.exitValue() + ": " + lastLine(errors));
            }
            return results;
        } finally {
            process.destroyForcibly();
            Files.deleteIfExists(errors);
        }
    }

    private static String lastLine(Path file) throws IOException {
        List<String> lines = Files.readAllLines(file);
        return lines.stream()
                .filter(line -> line.contains("Exception"))
                .findFirst()
                .orElse("nothing was said");
    }

    /** Until the process has ended; kills it when it says that it may be killed. */
    private static void read(Process process, List<JsonLine> results) {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            String line = lines.readLine();
            while (line != null) {
                if (line.startsWith(Measure.RESULT)) {
                    results.add(JsonLine.parse(line));
                } else if (line.equals(Measure.READY)) {
                    process.destroyForcibly();
                }
                line = lines.readLine();
            }
        } catch (IOException e) {
            // The pipe of a process that was killed. What is missing then is seen by whoever wants the results.
            process.destroyForcibly();
        }
    }

    /** Has the kernel forget what it holds of these files; false where there is no tool for it. */
    private static boolean dropFromPageCache(Path directory) throws IOException, InterruptedException {
        List<Path> files;
        try (Stream<Path> all = Files.walk(directory)) {
            files = all.filter(Files::isRegularFile).toList();
        }
        for (Path file : files) {
            Process drop;
            try {
                drop = new ProcessBuilder("dd", "if=" + file, "iflag=nocache", "count=0", "status=none")
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
            } catch (IOException e) {
                return false;
            }
            if (!drop.waitFor(60, TimeUnit.SECONDS) || drop.exitValue() != 0) {
                drop.destroyForcibly();
                return false;
            }
        }
        return true;
    }

    private static void delete(Path data) throws IOException {
        if (Files.exists(data)) {
            Scratch.delete(data);
        }
    }
}
