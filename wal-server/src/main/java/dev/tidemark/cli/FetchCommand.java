package dev.tidemark.cli;

import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.Partition;
import dev.tidemark.wal.api.PartitionId;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Prints what a partition holds, from some place up to its present end. */
@Command(
        name = "fetch",
        mixinStandardHelpOptions = true,
        description = {
            "Prints the values of a partition, one a line, up to its present end.",
            "Reads only: the store may be in use; or asks a server. Prints what is proven to be durable."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  wal fetch --data data orders-0",
            "  wal fetch --server localhost:7878 orders-0",
            "  wal fetch --data data orders-0 --from 4096 --max 10 --with-offsets",
            "  wal fetch --data data orders-0 --from timestamp:2026-01-31T12:00:00Z --json"
        })
final class FetchCommand extends ConsoleCommand {

    @Mixin
    private final LogOption logs = new LogOption();

    @Parameters(paramLabel = "PARTITION", description = "The partition, such as orders-0.")
    @SuppressWarnings("NullAway.Init") // required: set by picocli before the command runs
    private PartitionId partition;

    @Option(
            names = "--from",
            paramLabel = "PLACE",
            converter = FromConverter.class,
            description =
                    "Where to begin: start, end, an offset, timestamp:MILLIS or timestamp:2026-01-31T12:00:00Z. Default: start.")
    private From from = From.start();

    @Option(names = "--max", paramLabel = "N", description = "Print at most so many.")
    private long max = Long.MAX_VALUE;

    @Mixin
    private final RecordPrinter printer = new RecordPrinter();

    FetchCommand(Console console) {
        super(console);
    }

    @Override
    protected ExitCode execute() {
        requireAtLeast(0, "--max", max);
        try (Logs open = logs.openToRead()) {
            Partition source = open.existing(partition);
            // The end is that of now: in a store that is being written to, a fetch would otherwise never catch up.
            Ends ends = source.ends();
            long end = printer.end(ends);
            long left = max;
            try (Cursor cursor = printer.read(source, from)) {
                while (left > 0 && cursor.nextOffset() < end && printer.next(cursor, console())) {
                    printer.print(cursor, out());
                    left--;
                }
            }
            out().flush();
            if (left > 0) {
                printer.noteUnproven(ends, partition, console());
            }
        }
        return ExitCode.OK;
    }
}
