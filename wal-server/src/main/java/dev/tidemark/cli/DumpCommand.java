package dev.tidemark.cli;

import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.SegmentName;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.Environment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows what lies in segment files, frame by frame, also where they are damaged. */
@Command(
        name = "dump",
        mixinStandardHelpOptions = true,
        description = {
            "Shows the frames of a segment file or of a partition.",
            "Where bytes are bad it says so and goes on at the next place that verifies. It shows and does not judge: see 'wal verify'.",
            "Reads only: the store may be in use."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  wal dump --data data orders-0",
            "  wal dump --data data orders-0 --records --max 20",
            "  wal dump data/orders-0/00000000000000000000-00000001.seg --json"
        })
final class DumpCommand extends ConsoleCommand {

    @Option(
            names = {"-d", "--data"},
            paramLabel = "DIR",
            description = "The directory of the store, for a partition.")
    private Optional<Path> directory = Optional.empty();

    @Parameters(
            paramLabel = "PARTITION|FILE",
            description = "A partition, such as orders-0 (with --data), or a segment file.")
    private String target = "";

    @Option(names = "--records", description = "Show the records in the frames, too.")
    private boolean hasRecords;

    @Option(names = "--max", paramLabel = "N", description = "Show at most so many frames a segment.")
    private long max = Long.MAX_VALUE;

    @Option(names = "--json", description = "Print one JSON object a line.")
    private boolean isJson;

    DumpCommand(Console console) {
        super(console);
    }

    @Override
    protected ExitCode execute() throws IOException {
        requireAtLeast(0, "--max", max);
        Disk disk = Environment.real().disk();
        FrameSink sink =
                isJson ? new JsonFrames(out()) : new TextFrames(out(), console().paint());
        ExitCode outcome = ExitCode.OK;
        for (Path file : files(disk)) {
            if (!new SegmentDump(disk, file, sink, hasRecords, max).run()) {
                outcome = ExitCode.UNREADABLE;
            }
            out().flush();
        }
        return outcome;
    }

    private List<Path> files(Disk disk) throws IOException {
        if (directory.isPresent()) {
            return segmentsOf(disk, directory.get(), PartitionId.parse(target));
        }
        Path file = Path.of(target);
        if (!Files.isRegularFile(file)) {
            throw new CommandFailure(
                    ExitCode.NOT_FOUND,
                    "FILE_UNKNOWN",
                    "no such file: file=" + target,
                    "to dump a partition give --data DIR as well");
        }
        return List.of(file);
    }

    private static List<Path> segmentsOf(Disk disk, Path store, PartitionId partition) throws IOException {
        Path directory = StoreOption.existing(store).resolve(Names.partitionDirectory(partition));
        if (!Files.isDirectory(directory)) {
            throw StoreOption.unknown(partition, StoreOption.partitions(store));
        }
        return disk.list(directory).stream()
                .flatMap(entry -> SegmentName.parseSegmentFile(entry.name()).stream())
                .sorted()
                .map(name -> directory.resolve(name.segmentFile()))
                .toList();
    }
}
