package dev.tidemark.benchmarks.report;

import dev.tidemark.benchmarks.JsonLine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.DoubleFunction;
import java.util.stream.Collectors;

/**
 * Makes a page and its plots from JSON lines: those of the scale driver as lines along each dimension, those of the peers' harness as bars for each
 * workload. Where something was measured several times, medians are shown. The same input gives the same bytes.
 */
public final class Report {
    private static final Set<String> FLOORS =
            Set.of("null", "crc", "mmap", "raw", "raw-dsync", "raw-direct", "group", "group-direct", "group-grow");

    private final List<JsonLine> lines;
    private final Map<String, String> files = new TreeMap<>();
    private final StringBuilder page = new StringBuilder();

    private Report(List<JsonLine> lines) {
        this.lines = lines;
    }

    /** {@code DIRECTORY FILE.jsonl...}: where the page goes, and what was measured. */
    public static void main(String[] args) throws IOException {
        if (args.length < 2) {
            System.err.println("usage: report DIRECTORY FILE.jsonl...");
            System.exit(2);
        }
        List<JsonLine> lines = new ArrayList<>();
        for (String file : Arrays.asList(args).subList(1, args.length)) {
            for (String line : Files.readAllLines(Path.of(file))) {
                if (line.startsWith("{")) {
                    lines.add(JsonLine.parse(line));
                }
            }
        }
        Path directory = Path.of(args[0]);
        Files.createDirectories(directory);
        for (Map.Entry<String, String> file : of(lines).entrySet()) {
            Files.writeString(directory.resolve(file.getKey()), file.getValue());
        }
        System.out.println(directory.resolve("README.md"));
    }

    /** The files, by name. */
    static Map<String, String> of(List<JsonLine> lines) {
        Report report = new Report(lines);
        report.write();
        return report.files;
    }

    private void write() {
        page.append("# Measured\n\n");
        page.append("""
                Made by `benchmarks/run.sh report`. Values are medians where there are several. *Bare force* is the median of 200 times 4 KiB
                over zeros and a force, taken right before: what the disk needs, whatever log lies on it.

                """);
        machines();
        scale("payload", "size", "payload", Figure::bytes);
        scale("producers", "threads", "producers that wait for each append", Figure::brief);
        scale("partitions", "partitions", "partitions", Figure::brief);
        scale("readers", "readers", "readers at the end of the log", Figure::brief);
        size();
        peers();
        files.put("README.md", page.toString());
    }

    // ---------------------------------------------------------------- where

    private void machines() {
        Set<String> seen = new LinkedHashSet<>();
        for (JsonLine line : lines) {
            if (line.has("kernel")) {
                seen.add(line.text("cpu") + ", " + line.text("cores") + " cores | " + line.text("kernel") + " | "
                        + line.text("fs") + " | " + line.text("jdk"));
            }
        }
        if (seen.isEmpty()) {
            return;
        }
        page.append("| machine | kernel | file system | JDK |\n| --- | --- | --- | --- |\n");
        seen.forEach(machine -> page.append("| ").append(machine).append(" |\n"));
        page.append('\n');
    }

    private static String circumstances(List<JsonLine> of) {
        double probe = median(of, "probe_us");
        double load = of.stream()
                .mapToDouble(line -> line.number("load1"))
                .filter(Double::isFinite)
                .max()
                .orElse(Double.NaN);
        return (Double.isFinite(probe) ? "Bare force " + Figure.brief(probe) + " µs" : "Bare force not measured")
                + (Double.isFinite(load) ? ", load of the machine at most " + Figure.brief(load) : "")
                + ". ";
    }

    // ---------------------------------------------------------------- the scale driver's

    private List<JsonLine> ofDimension(String dimension) {
        return lines.stream()
                .filter(line -> line.text("dimension").equals(dimension))
                .filter(line -> !line.text("status").equals("failed"))
                .toList();
    }

    private void scale(String dimension, String field, String below, DoubleFunction<String> nameOfValue) {
        List<JsonLine> all = ofDimension(dimension);
        if (all.isEmpty()) {
            return;
        }
        boolean isBytes = dimension.equals("payload");
        LinePlot rate = new LinePlot(isBytes ? "MB/s" : "appends/s", below, false, nameOfValue);
        LinePlot tail = new LinePlot("p99, µs, at shares of the greatest rate", below, true, nameOfValue);
        LinePlot cost = new LinePlot("CPU for an append, µs", below, true, nameOfValue);
        for (Map.Entry<Double, List<JsonLine>> at : by(all, field).entrySet()) {
            for (String load : List.of("max", "10%", "50%", "90%")) {
                List<JsonLine> of = at.getValue().stream()
                        .filter(line -> line.text("load").equals(load))
                        .toList();
                if (load.equals("max")) {
                    rate.add("tidemark", at.getKey(), median(of, isBytes ? "mb_s" : "appends_s"));
                    cost.add("tidemark", at.getKey(), median(of, "cpu_us_append"));
                } else {
                    tail.add(load, at.getKey(), median(of, "p99_us"));
                }
            }
        }
        page.append("## By ").append(dimension).append("\n\n");
        page.append(circumstances(all))
                .append("Repeat: `benchmarks/run.sh scale dimensions=")
                .append(dimension)
                .append("`\n\n");
        plot(dimension + "-rate.svg", rate.isEmpty() ? "" : rate.svg(), "rate by " + dimension);
        plot(dimension + "-p99.svg", tail.isEmpty() ? "" : tail.svg(), "p99 by " + dimension);
        plot(dimension + "-cpu.svg", cost.isEmpty() ? "" : cost.svg(), "CPU by " + dimension);
        table(
                all,
                field,
                dimension,
                nameOfValue,
                List.of(
                        "appends_s",
                        "mb_s",
                        "p50_us",
                        "p99_us",
                        "p999_us",
                        "cpu_us_append",
                        "heap_b_append",
                        "appends_force",
                        "disk_write_amp"));
    }

    private void size() {
        List<JsonLine> all = ofDimension("size");
        if (all.isEmpty()) {
            return;
        }
        DoubleFunction<String> name = value -> Figure.brief(value) + " GiB";
        LinePlot opening = new LinePlot("ms to open", "size of the log", false, name);
        LinePlot reading = new LinePlot("MB/s read from the start", "size of the log", false, name);
        LinePlot rate = new LinePlot("appends/s", "size of the log", false, name);
        for (JsonLine line : all) {
            double at = line.number("gib");
            String load = line.text("load");
            switch (load) {
                case "warm", "cold" -> {
                    opening.add("closed, " + load, at, line.number("open_ms"));
                    reading.add(load, at, line.number("read_mb_s"));
                }
                case "killed" -> opening.add("killed, with one append", at, line.number("open_ms"));
                case "filled" -> rate.add("tidemark", at, line.number("appends_s"));
                case "trimming" -> rate.add("while trimming", at, line.number("appends_s"));
                default -> rate.add(load, at, line.number("appends_s"));
            }
        }
        page.append("## By size of the log\n\n")
                .append(circumstances(all))
                .append("Repeat: `benchmarks/run.sh scale dimensions=size gib=50`\n\n");
        plot("size-open.svg", opening.isEmpty() ? "" : opening.svg(), "time to open by size");
        plot("size-read.svg", reading.isEmpty() ? "" : reading.svg(), "reading by size");
        plot("size-rate.svg", rate.isEmpty() ? "" : rate.svg(), "rate by size");
        table(
                all,
                "gib",
                "size",
                name,
                List.of("appends_s", "open_ms", "close_ms", "scanned_mb", "read_mb_s", "random_s", "random_p99_us"));
    }

    private void table(
            List<JsonLine> all, String field, String head, DoubleFunction<String> nameOfValue, List<String> columns) {
        List<String> present = columns.stream()
                .filter(column -> all.stream().anyMatch(line -> line.has(column)))
                .toList();
        page.append("| ").append(head).append(" | load |");
        present.forEach(column -> page.append(' ').append(column).append(" |"));
        page.append("\n| --: | --- |").append(" --: |".repeat(present.size())).append('\n');
        for (Map.Entry<Double, List<JsonLine>> at : by(all, field).entrySet()) {
            Map<String, List<JsonLine>> byLoad = at.getValue().stream()
                    .collect(Collectors.groupingBy(line -> line.text("load"), LinkedHashMap::new, Collectors.toList()));
            byLoad.forEach((load, of) -> {
                page.append("| ")
                        .append(nameOfValue.apply(at.getKey()))
                        .append(" | ")
                        .append(load)
                        .append(" |");
                present.forEach(column ->
                        page.append(' ').append(cell(median(of, column))).append(" |"));
                page.append('\n');
            });
        }
        page.append('\n');
    }

    private static String cell(double value) {
        return Double.isFinite(value) ? Figure.brief(value) : "";
    }

    // ---------------------------------------------------------------- the peers'

    private void peers() {
        Map<String, List<JsonLine>> workloads = lines.stream()
                .filter(line -> !line.has("dimension") && line.has("peer"))
                .filter(line -> line.text("status").equals("ok"))
                .filter(line -> line.has("appends_s") || line.has("records2_s"))
                .collect(Collectors.groupingBy(Report::workload, LinkedHashMap::new, Collectors.toList()));
        if (workloads.isEmpty()) {
            return;
        }
        page.append("## Against others\n\n");
        page.append("""
                Blue is Tidemark; grey are the floors, which are not logs but the least that a log has to do on this disk. Repeat one with
                `benchmarks/peers/run.sh ab tidemark PEER 7 ARGUMENTS`.

                """);
        int number = 0;
        for (Map.Entry<String, List<JsonLine>> workload : workloads.entrySet()) {
            number++;
            List<JsonLine> all = workload.getValue();
            boolean isRead = all.get(0).has("records2_s");
            BarPlot rate = new BarPlot(isRead ? "records/s read" : "appends/s");
            BarPlot tail = new BarPlot("p99, µs");
            Map<String, List<JsonLine>> byPeer = all.stream()
                    .collect(Collectors.groupingBy(line -> line.text("peer"), LinkedHashMap::new, Collectors.toList()));
            byPeer.forEach((peer, of) -> {
                rate.add(peer, side(peer), median(of, isRead ? "records2_s" : "appends_s"));
                tail.add(peer, side(peer), median(of, "p99_us"));
            });
            page.append("### `")
                    .append(workload.getKey())
                    .append("`\n\n")
                    .append(circumstances(all))
                    .append("\n\n");
            plot("peers-" + number + "-rate.svg", rate.isEmpty() ? "" : rate.svg(), "rate: " + workload.getKey());
            plot("peers-" + number + "-p99.svg", tail.isEmpty() ? "" : tail.svg(), "p99: " + workload.getKey());
        }
    }

    private static BarPlot.Side side(String peer) {
        if (peer.startsWith("tidemark")) {
            return BarPlot.Side.OURS;
        }
        return FLOORS.contains(peer) ? BarPlot.Side.FLOOR : BarPlot.Side.OTHER;
    }

    /** What the harness was told, in its own words. */
    private static String workload(JsonLine line) {
        String tag = line.text("tag");
        StringBuilder text = new StringBuilder(tag.isEmpty() ? "" : "kind=" + tag + " ");
        for (String name : List.of("durability", "size", "threads", "window", "partitions")) {
            text.append(name).append('=').append(line.text(name)).append(' ');
        }
        String rate = line.text("rate");
        return (rate.isEmpty() || rate.equals("0") ? text : text.append("rate=").append(rate))
                .toString()
                .trim();
    }

    // ---------------------------------------------------------------- parts

    private void plot(String file, String svg, String description) {
        if (!svg.isEmpty()) {
            files.put(file, svg);
            page.append("![").append(description).append("](").append(file).append(")\n\n");
        }
    }

    private static Map<Double, List<JsonLine>> by(List<JsonLine> all, String field) {
        return all.stream()
                .collect(Collectors.groupingBy(line -> line.number(field), TreeMap::new, Collectors.toList()));
    }

    /** {@code NaN} where nothing has this field. */
    static double median(List<JsonLine> of, String field) {
        double[] values = of.stream()
                .mapToDouble(line -> line.number(field))
                .filter(Double::isFinite)
                .sorted()
                .toArray();
        if (values.length == 0) {
            return Double.NaN;
        }
        int middle = values.length / 2;
        return values.length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }
}
