package dev.tidemark.cli;

import dev.tidemark.wal.io.Volume;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Shows what {@link DiskBench} has measured: a table, and a small chart of the same. */
final class DiskBenchReport {
    private static final int CHART_WIDTH = 40;

    private final Output out;
    private final Paint paint;

    DiskBenchReport(Output out, Paint paint) {
        this.out = out;
        this.paint = paint;
    }

    /** Where it is measured, before it takes its time. */
    void begin(Path directory, Volume volume, ForceLatency force) {
        out.line(paint.bold("disk") + "  " + directory + " (" + volume.type()
                + "): a bare write of 4 KiB and its force take " + Quantity.nanos(force.medianNanos()) + " median, "
                + Quantity.nanos(force.p99Nanos()) + " p99");
        if (volume.isVolatile()) {
            out.line(paint.yellow("this is memory: forces cost nothing and mean nothing here; see --dir"));
        }
        out.newLine().flush();
    }

    /** A table, and for each row the two numbers as bars. */
    void show(List<DiskBench.Row> rows) {
        out.line(paint.bold(String.format(
                Locale.ROOT, "%-42s %12s %12s %7s %9s %9s", "durable", "the disk", "tidemark", "ratio", "p50", "p99")));
        for (DiskBench.Row row : rows) {
            out.line(String.format(
                    Locale.ROOT,
                    "%-42s %12s %12s %7s %9s %9s",
                    row.name(),
                    number(row.disk(), row.unit()),
                    number(row.log(), row.unit()),
                    ratio(row.ratio()),
                    row.p50Nanos() == 0 ? "" : Quantity.nanos(row.p50Nanos()),
                    row.p99Nanos() == 0 ? "" : Quantity.nanos(row.p99Nanos())));
        }
        out.newLine();
        for (DiskBench.Row row : rows) {
            double most = Math.max(row.disk(), row.log());
            out.line(row.name());
            out.line("  disk     " + paint.faint(bar(row.disk(), most)));
            out.line("  tidemark " + paint.green(bar(row.log(), most)));
        }
        out.newLine();
        out.line(
                        "the disk: one thread and no log. Appends that wait are compared with writes of as many bytes over old ones, a force behind each;")
                .line(
                        "appends under way with writes of 1 MiB to a file that grows, a force behind each; reading with the same file read unseen, both from memory.")
                .line(
                        "A ratio above 1 means that appends have shared forces, or that a write and a force went on at the same time.");
    }

    /** The same for programs. */
    static String json(Path directory, Volume volume, ForceLatency force, List<DiskBench.Row> rows) {
        return new Json()
                .put("directory", directory.toString())
                .put("fileSystem", volume.type())
                .put("forceMicros", force.medianNanos() / 1_000)
                .putEach(
                        "rows",
                        rows,
                        item -> item.json()
                                .put("name", item.value().name())
                                .put("unit", item.value().unit())
                                .put("disk", Math.round(item.value().disk()))
                                .put("tidemark", Math.round(item.value().log()))
                                .raw(
                                        "ratio",
                                        String.format(
                                                Locale.ROOT,
                                                "%.3f",
                                                item.value().ratio()))
                                .put("p50Micros", item.value().p50Nanos() / 1_000)
                                .put("p99Micros", item.value().p99Nanos() / 1_000))
                .toString();
    }

    private static String number(double value, String unit) {
        return Quantity.count(Math.round(value)) + (unit.startsWith("/") ? "" : " ") + unit;
    }

    private static String ratio(double ratio) {
        return String.format(Locale.ROOT, ratio < 10 ? "%.2f" : "%.0f", ratio);
    }

    /** At least a little of a bar, where there is anything. */
    static String bar(double value, double most) {
        int eighths = most > 0 ? (int) Math.round(value / most * CHART_WIDTH * 8) : 0;
        if (value > 0 && eighths == 0) {
            eighths = 1;
        }
        StringBuilder bar = new StringBuilder("\u2588".repeat(eighths / 8));
        if (eighths % 8 > 0) {
            // From an eighth of a block up: the blocks of Unicode go down from the full one.
            bar.append((char) (0x2590 - eighths % 8));
        }
        return bar.toString();
    }
}
