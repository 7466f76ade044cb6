package dev.tidemark.cli;

import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.Partition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Volume;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Appends as fast as it is let, and says how fast that was; or how near the log comes to what a disk can do. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        description = {
            "Without a partition: measures in half a minute what the disk can do, what the log does on it, and how far apart they are. What it "
                    + "writes (up to 1 GiB for each number) is deleted again.",
            "With a partition: appends values to it from several threads for some seconds, and prints rate and latency. "
                    + "The values stay in the partition: take one that is for this."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  wal bench",
            "  wal bench --dir /mnt/disk",
            "  wal bench --data data bench-0",
            "  wal bench --server localhost:7878 bench-0 --producers 64",
            "  wal bench --server localhost:7878 bench-0 --producers 8 --in-flight 256 --json"
        })
final class BenchCommand extends ConsoleCommand {
    private static final double MAX_SECONDS = 3_600;
    /** One number of the disk's needs at most this, and at most an eighth of what is free. */
    private static final long MOST_BYTES = 1 << 30;

    private static final long LEAST_FREE_BYTES = 256 << 20;
    /** After an interrupt: at most one step is finished, and the directory deleted. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    @Mixin
    private final LogOption logs = new LogOption();

    @Parameters(
            arity = "0..1",
            paramLabel = "PARTITION",
            description = "The partition, such as bench-0; made if there is none. Without one the disk is measured.")
    private Optional<PartitionId> partition = Optional.empty();

    @Option(
            names = "--dir",
            paramLabel = "DIR",
            description =
                    "Without a partition: on which disk. A directory is made in this one, and deleted. Default: this one.")
    private Optional<Path> directory = Optional.empty();

    @Option(names = "--producers", paramLabel = "N", description = "How many threads append. Default: 1.")
    private int producers = 1;

    @Option(
            names = "--in-flight",
            paramLabel = "N",
            description = "How many appends of a thread may be under way. Default: 1, it waits for each.")
    private int inFlight = 1;

    @Option(names = "--bytes", paramLabel = "N", description = "How long a value is. Default: 1024.")
    private int bytes = 1024;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            description =
                    "How long it is measured, after a quarter of that. Default: 4; without a partition 2 for each number.")
    private Optional<Double> seconds = Optional.empty();

    @Option(
            names = "--durability",
            paramLabel = "LEVEL",
            description = "What an acknowledgement survives: SYNCED, WRITTEN or ACCEPTED. Default: SYNCED.")
    private Durability durability = Durability.SYNCED;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean isJson;

    BenchCommand(Console console) {
        super(console);
    }

    @Override
    protected ExitCode execute() throws IOException, InterruptedException {
        requireAtLeast(1, "--producers", producers);
        requireAtLeast(1, "--in-flight", inFlight);
        requireAtLeast(0, "--bytes", bytes);
        double wanted = seconds.orElse(partition.isPresent() ? 4.0 : 2.0);
        // Written so that it refuses what is no number, too.
        if (!(wanted > 0 && wanted <= MAX_SECONDS)) {
            throw new CommandFailure(
                    ExitCode.USAGE, "USAGE", "more than 0, at most " + MAX_SECONDS + ": --seconds=" + wanted, "");
        }
        if (partition.isEmpty()) {
            return measureDisk(wanted);
        }
        if (directory.isPresent()) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "USAGE",
                    "--dir is for a disk; a partition is in --data DIR or --server HOST:PORT",
                    "");
        }
        BenchLoad load = new BenchLoad(producers, inFlight, bytes, durability);
        try (Logs open = logs.openToWrite()) {
            Partition target = open.partition(partition.get());
            load.run(target, wanted / 4, Long.MAX_VALUE);
            print(load.run(target, wanted, Long.MAX_VALUE));
        }
        return ExitCode.OK;
    }

    private ExitCode measureDisk(double wanted) throws IOException {
        if (logs.isGiven()) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "USAGE",
                    "name the partition to append to, such as bench-0; without --data and --server the disk is measured",
                    "");
        }
        Path parent = StoreOption.existing(
                directory.orElse(Path.of("")).toAbsolutePath(), "--dir names a directory that is there");
        Disk disk = Environment.real().disk();
        Volume volume = disk.volume(parent);
        if (volume.usableBytes() < LEAST_FREE_BYTES) {
            throw new CommandFailure(
                    ExitCode.FAILED,
                    "STORAGE_FULL",
                    "too little room to measure: directory=" + parent + " freeBytes=" + volume.usableBytes()
                            + " neededBytes=" + LEAST_FREE_BYTES,
                    "");
        }
        Path made = Files.createTempDirectory(parent, "wal-bench-");
        Thread measuring = Thread.currentThread();
        try (InterruptGuard unused = new InterruptGuard(measuring::interrupt, PATIENCE, () -> {})) {
            try {
                DiskBench bench = new DiskBench(made, wanted, Math.min(MOST_BYTES, volume.usableBytes() / 8));
                DiskBenchReport report = new DiskBenchReport(out(), console().paint());
                ForceLatency force = bench.force();
                if (!isJson) {
                    report.begin(parent, volume, force);
                }
                List<DiskBench.Row> rows = bench.run();
                if (isJson) {
                    out().line(DiskBenchReport.json(parent, volume, force, rows));
                } else {
                    report.show(rows);
                }
                return ExitCode.OK;
            } catch (InterruptedException e) {
                return ExitCode.INTERRUPTED;
            } finally {
                DemoCommand.delete(made);
            }
        }
    }

    private void print(BenchLoad.Outcome outcome) {
        if (isJson) {
            out().line(new Json()
                    .put("appends", outcome.appends())
                    .put("appendsPerSecond", Math.round(outcome.perSecond()))
                    .put("p50Micros", outcome.nanos(0.5) / 1_000)
                    .put("p99Micros", outcome.nanos(0.99) / 1_000)
                    .put("p999Micros", outcome.nanos(0.999) / 1_000)
                    .toString());
        } else {
            out().line(
                            "%d appends/s of %d bytes, p50 %d us, p99 %d us, p99.9 %d us: producers=%d inFlight=%d durability=%s",
                            Math.round(outcome.perSecond()),
                            bytes,
                            outcome.nanos(0.5) / 1_000,
                            outcome.nanos(0.99) / 1_000,
                            outcome.nanos(0.999) / 1_000,
                            producers,
                            inFlight,
                            durability);
        }
    }
}
