package dev.tidemark.cli;

import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.Partition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.UnavailableException;
import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Prints the last records of a partition, and those that come. */
@Command(
        name = "tail",
        mixinStandardHelpOptions = true,
        description = {
            "Prints the last values of a partition, one a line, and with -f those to come.",
            "Reads only: the store may be in use, or be that of a server, and with -f another process appends to it. Prints what is proven to be durable."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  wal tail --data data orders-0",
            "  wal tail --server localhost:7878 orders-0 -f",
            "  wal tail --data data orders-0 -n 100 --with-offsets",
            "  wal tail --data data orders-0 -f | grep refund"
        })
final class TailCommand extends ConsoleCommand {
    private static final Duration PATIENCE = Duration.ofMillis(200);

    @Mixin
    private final LogOption logs = new LogOption();

    @Parameters(paramLabel = "PARTITION", description = "The partition, such as orders-0.")
    @SuppressWarnings("NullAway.Init") // required: set by picocli before the command runs
    private PartitionId partition;

    @Option(
            names = {"-n", "--lines"},
            paramLabel = "N",
            description = "How many of the last offsets to print. Default: 10.")
    private long count = 10;

    @Option(
            names = {"-f", "--follow"},
            description = "Go on printing what comes, until Ctrl-C.")
    private boolean isFollowing;

    @Mixin
    private final RecordPrinter printer = new RecordPrinter();

    private long nextOffset;

    TailCommand(Console console) {
        super(console);
    }

    @Override
    protected ExitCode execute() {
        requireAtLeast(0, "--lines", count);
        try (InterruptGuard guard = InterruptGuard.noticed()) {
            boolean isDone = printTail(guard);
            while (!isDone) {
                isDone = goOn(guard);
            }
            out().flush();
            return guard.isInterrupted() ? ExitCode.INTERRUPTED : ExitCode.OK;
        }
    }

    /** Prints the last records, and follows if that is asked for; false when the store has to be opened again to go on. */
    private boolean printTail(InterruptGuard guard) {
        try (Logs open = logs.openToRead()) {
            Partition source = open.existing(partition);
            Ends ends = source.ends();
            long end = printer.end(ends);
            nextOffset = Math.max(ends.start(), end - Math.max(0, count));
            try (Cursor cursor = printer.read(source, From.offset(nextOffset))) {
                while (!guard.isInterrupted() && cursor.nextOffset() < end && printer.next(cursor, console())) {
                    print(cursor);
                }
                if (isFollowing) {
                    return follow(cursor, guard);
                }
            }
            out().flush();
            printer.noteUnproven(ends, partition, console());
            return true;
        }
    }

    /** Follows from where the printing stopped, or from the end if what was there has been cut. */
    private boolean goOn(InterruptGuard guard) {
        try (Logs open = logs.openToRead()) {
            Partition source = open.existing(partition);
            long from = Math.min(nextOffset, printer.end(source.ends()));
            try (Cursor cursor = printer.read(source, From.offset(from))) {
                return follow(cursor, guard);
            }
        }
    }

    /** Prints what comes until there is an interrupt; false when the writer's recovery changed what had been looked at. */
    private boolean follow(Cursor cursor, InterruptGuard guard) {
        try {
            while (!guard.isInterrupted()) {
                // What has been printed is seen before the wait for more.
                out().flush();
                if (printer.next(cursor, PATIENCE, console())) {
                    print(cursor);
                    while (!guard.isInterrupted() && printer.next(cursor, console())) {
                        print(cursor);
                    }
                }
            }
            return true;
        } catch (UnavailableException e) {
            if (e.code() == ErrorCode.PARTITION_CLOSED) {
                return false;
            }
            throw e;
        }
    }

    private void print(Cursor cursor) {
        printer.print(cursor, out());
        nextOffset = cursor.nextOffset();
    }
}
