package dev.tidemark.cli;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.LostRange;
import dev.tidemark.wal.api.PartitionInfo;
import dev.tidemark.wal.api.PartitionInfo.SegmentInfo;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.RecoveryReport;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Volume;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Shows a store and its partitions at a glance, and what opening found. */
@Command(
        name = "stat",
        mixinStandardHelpOptions = true,
        description = {
            "Shows a store: partitions, ends, sizes, and what opening found.",
            "Reads only: the store may be in use, or left behind by a killed process. Of a server, the partitions."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  wal stat --data data",
            "  wal stat --server localhost:7878",
            "  wal stat --data data --segments",
            "  wal stat --data data --json"
        })
final class StatCommand extends ConsoleCommand {
    private static final String ROW = "%-24s %-6s %12s %12s %12s %9s %10s  %s";

    @Mixin
    private final LogOption logs = new LogOption();

    @Option(names = "--segments", description = "Show each segment, too.")
    private boolean hasSegments;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean isJson;

    StatCommand(Console console) {
        super(console);
    }

    @Override
    protected ExitCode execute() throws IOException {
        Optional<StoreOption> local = logs.store();
        return local.isPresent() ? statStore(local.get()) : statServer();
    }

    private ExitCode statStore(StoreOption store) throws IOException {
        try (Wal wal = store.openToRead()) {
            Volume volume = Environment.real().disk().volume(store.directory());
            if (isJson) {
                out().line(json(store, wal, volume));
            } else {
                print(store, wal, volume);
            }
            return wal.recovery().refused().stream()
                    .flatMap(refused -> refused.failure().stream())
                    .map(ExitCode::of)
                    .findFirst()
                    .orElse(ExitCode.OK);
        }
    }

    /** What a server says of its partitions; directory, recovery and losses are for those who can see its disk. */
    private ExitCode statServer() {
        try (Logs open = logs.openToRead()) {
            List<PartitionInfo> partitions =
                    open.partitions().stream().map(open::describe).toList();
            if (isJson) {
                out().line(new Json()
                        .putEach("partitions", partitions, item -> putPartition(item.json(), item.value(), List.of()))
                        .toString());
            } else {
                long bytes =
                        partitions.stream().mapToLong(PartitionInfo::fileBytes).sum();
                fact("partitions", Quantity.count(partitions.size()) + ", " + Quantity.bytes(bytes));
                if (!partitions.isEmpty()) {
                    header();
                    partitions.forEach(partition -> row(partition, Optional.empty()));
                }
            }
            return partitions.stream()
                    .flatMap(partition -> partition.failure().stream())
                    .map(ExitCode::of)
                    .findFirst()
                    .orElse(ExitCode.OK);
        }
    }

    // ---------------------------------------------------------------- for people

    private void print(StoreOption store, Wal wal, Volume volume) throws IOException {
        List<PartitionInfo> partitions = wal.describe();
        RecoveryReport recovery = wal.recovery();
        Map<String, PartitionRecovery> found = byPartition(recovery);
        long bytes = partitions.stream().mapToLong(PartitionInfo::fileBytes).sum();
        fact(
                "directory",
                store.directory() + " (" + volume.type() + ", " + Quantity.bytes(volume.usableBytes()) + " free)");
        fact("open for", Owner.of(store.directory()).map(Owner::described).orElse("nobody is writing"));
        fact("partitions", Quantity.count(partitions.size()) + ", " + Quantity.bytes(bytes));
        fact(
                "last close",
                recovery.wasClean() ? "clean" : "not clean, or still open; found " + DemoReport.cases(recovery));
        recovery.notes().forEach(note -> fact("note", note));
        if (partitions.isEmpty()) {
            return;
        }
        header();
        for (PartitionInfo partition : partitions) {
            row(partition, Optional.ofNullable(found.get(partition.id().toString())));
            losses(wal, partition).forEach(this::loss);
        }
    }

    private void header() {
        out().newLine()
                .line(console()
                        .paint()
                        .faint(String.format(
                                ROW,
                                "partition",
                                "state",
                                "start",
                                "durable",
                                "written",
                                "segments",
                                "bytes",
                                "found")));
    }

    private void fact(String name, String value) {
        out().line(console().paint().bold(String.format("%-11s", name)) + ' ' + value);
    }

    private void row(PartitionInfo partition, Optional<PartitionRecovery> recovery) {
        String cases = recovery.map(
                        found -> found.cases().stream().map(Enum::name).collect(Collectors.joining(" ")))
                .orElse("");
        out().line(
                        ROW,
                        partition.id(),
                        partition.state(),
                        partition.ends().start(),
                        partition.ends().durable(),
                        partition.ends().written(),
                        partition.segments().size(),
                        Quantity.bytes(partition.fileBytes()),
                        cases);
        recovery.flatMap(PartitionRecovery::undecided)
                .ifPresent(cut -> out().line(
                                "    " + console().paint().yellow("undecided")
                                        + " file=%s at=%d bytes=%d offsets=%d..%d",
                                cut.file(),
                                cut.filePosition(),
                                cut.bytes(),
                                cut.firstOffset(),
                                cut.endOffset()));
        partition
                .failure()
                .ifPresent(failure -> out().line("    " + console().paint().red(String.valueOf(failure.getMessage()))));
        if (hasSegments) {
            partition.segments().forEach(this::segment);
        }
    }

    private void segment(SegmentInfo segment) {
        out().line(
                        "    %s offsets=%d..%d used=%s file=%s %s",
                        segment.file(),
                        segment.baseOffset(),
                        segment.endOffset(),
                        Quantity.bytes(segment.usedBytes()),
                        Quantity.bytes(segment.fileBytes()),
                        segment.isSealed() ? "sealed" : "active");
    }

    private void loss(LostRange lost) {
        out().line(
                        "    " + console().paint().yellow("lost") + " offsets=%d..%d reason=%s on record since %s",
                        lost.firstOffset(),
                        lost.endOffset(),
                        lost.reason(),
                        Instant.ofEpochMilli(lost.atMillis()));
    }

    /** Those of a partition that was refused are in a file that nobody has believed. */
    private static List<LostRange> losses(Wal wal, PartitionInfo partition) {
        return partition.failure().isPresent()
                ? List.of()
                : wal.partition(partition.id()).losses();
    }

    private static Map<String, PartitionRecovery> byPartition(RecoveryReport recovery) {
        return recovery.partitions().stream()
                .collect(Collectors.toMap(PartitionRecovery::partition, Function.identity()));
    }

    // ---------------------------------------------------------------- for programs

    private String json(StoreOption store, Wal wal, Volume volume) throws IOException {
        Json json = new Json()
                .put("directory", store.directory().toString())
                .put("fileSystem", volume.type())
                .put("usableBytes", volume.usableBytes());
        Owner.of(store.directory())
                .ifPresent(owner -> json.put("ownerPid", owner.pid())
                        .put("ownerHost", owner.host())
                        .put("ownerIsRunning", owner.isRunning()));
        return json.putEach(
                        "partitions",
                        wal.describe(),
                        item -> putPartition(item.json(), item.value(), losses(wal, item.value())))
                .raw("recovery", wal.recovery().toJson())
                .toString();
    }

    private static void putPartition(Json json, PartitionInfo partition, List<LostRange> losses) {
        json.put("partition", partition.id().toString())
                .put("state", partition.state().name())
                .put("start", partition.ends().start())
                .put("readable", partition.ends().readable())
                .put("durable", partition.ends().durable())
                .put("written", partition.ends().written())
                .put("logEnd", partition.ends().logEnd())
                .put("fileBytes", partition.fileBytes())
                .putEach("segments", partition.segments(), item -> putSegment(item.json(), item.value()))
                .putEach("losses", losses, item -> putLoss(item.json(), item.value()));
        partition.failure().ifPresent(failure -> putFailure(json, failure));
    }

    private static void putSegment(Json json, SegmentInfo segment) {
        json.put("file", segment.file())
                .put("baseOffset", segment.baseOffset())
                .put("endOffset", segment.endOffset())
                .put("usedBytes", segment.usedBytes())
                .put("fileBytes", segment.fileBytes())
                .put("isSealed", segment.isSealed());
    }

    private static void putLoss(Json json, LostRange lost) {
        json.put("firstOffset", lost.firstOffset())
                .put("endOffset", lost.endOffset())
                .put("reason", lost.reason())
                .put("atMillis", lost.atMillis());
    }

    private static void putFailure(Json json, WalException failure) {
        json.raw(
                "failure",
                new Json()
                        .put("code", failure.code().name())
                        .put("message", String.valueOf(failure.getMessage()))
                        .toString());
    }
}
