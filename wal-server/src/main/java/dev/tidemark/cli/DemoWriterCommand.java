package dev.tidemark.cli;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.api.WalRecord;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.io.Threads;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * The process that {@code demo} kills: appends for as long as it lives, and tells its parent of each append before it is submitted and after it is
 * acknowledged. Ends by itself when the parent is gone.
 *
 * <p><b>Threads.</b> One for each writer of the plan; the command's own waits for the parent. Messages leave one at a time.
 */
@Command(
        name = "demo-writer",
        hidden = true,
        mixinStandardHelpOptions = true,
        description = "The process that 'wal demo' starts and kills.",
        footerHeading = "%nExamples:%n",
        footer = "  wal demo")
final class DemoWriterCommand extends ConsoleCommand {
    /** Small, so that segments are sealed while it runs. */
    static final long SEGMENT_BYTES = 4 << 20;

    @Option(names = "--data", required = true, paramLabel = "DIR", description = "The directory of the store.")
    @SuppressWarnings("NullAway.Init") // required: set by picocli before the command runs
    private Path directory;

    @Option(names = "--seed", required = true, paramLabel = "N", description = "The seed of all payloads.")
    private long seed;

    DemoWriterCommand(Console console) {
        super(console);
    }

    @Override
    protected ExitCode execute() throws IOException {
        DemoPlan plan = DemoPlan.of(seed, Duration.ZERO, 0);
        Threads threads = Environment.real().threads();
        try (Wal wal = Wal.open(config(directory))) {
            for (DemoPlan.Writer writer : plan.writers()) {
                LocalPartition partition = wal.partition(new PartitionId(DemoPlan.NAME, writer.partition()));
                threads.newThread("demo-writer-" + writer.number(), () -> writeOrEnd(writer, partition))
                        .start();
            }
            // The parent never writes: the end of this stream is the end of the parent, and nobody is left to append
            // for.
            console().in().transferTo(OutputStream.nullOutputStream());
            end(ExitCode.OK);
        }
        return ExitCode.OK;
    }

    /** At once, without closing anything: this process is here to be killed. */
    private static void end(ExitCode exitCode) {
        Runtime.getRuntime().halt(exitCode.number());
    }

    /** How the demo's store is opened, by child and parent. */
    static WalConfig config(Path directory) {
        return WalConfig.builder(directory).segmentBytes(SEGMENT_BYTES).build();
    }

    /** A writer that cannot go on ends the process, and the parent learns why from standard error. */
    private void writeOrEnd(DemoPlan.Writer writer, LocalPartition partition) {
        try {
            write(writer, partition);
        } catch (WalException | OutputClosedException e) {
            failed(e);
        }
    }

    private void failed(Throwable error) {
        console().err().println("wal: " + error.getMessage());
        end(ExitCode.FAILED);
    }

    private void write(DemoPlan.Writer writer, LocalPartition partition) {
        Semaphore room = new Semaphore(writer.maxUnderWay());
        long sequence = 0;
        while (true) {
            send(DemoMessage.submitted(writer.number(), sequence, writer.batchRecords()));
            if (writer.isWaiting()) {
                appendAndWait(writer, partition, sequence);
            } else {
                room.acquireUninterruptibly();
                append(writer, partition, sequence, room);
            }
            sequence += writer.batchRecords();
        }
    }

    private void appendAndWait(DemoPlan.Writer writer, LocalPartition partition, long sequence) {
        AppendRequest request = request(writer, sequence);
        long startedNanos = System.nanoTime();
        long offset = partition.append(request);
        long nanos = System.nanoTime() - startedNanos;
        send(DemoMessage.acknowledged(writer.number(), sequence, writer.batchRecords(), offset, nanos));
    }

    private void append(DemoPlan.Writer writer, LocalPartition partition, long sequence, Semaphore room) {
        var unused = partition.appendAsync(request(writer, sequence)).whenComplete((offset, error) -> {
            if (error != null) {
                failed(error);
            }
            send(DemoMessage.acknowledged(writer.number(), sequence, writer.batchRecords(), offset, -1));
            room.release();
        });
    }

    private AppendRequest request(DemoPlan.Writer writer, long sequence) {
        if (writer.batchRecords() == 1) {
            return AppendRequest.of(DemoPayload.of(seed, writer.number(), sequence));
        }
        List<WalRecord> batch = new ArrayList<>();
        for (int i = 0; i < writer.batchRecords(); i++) {
            batch.add(WalRecord.of(DemoPayload.of(seed, writer.number(), sequence + i)));
        }
        return AppendRequest.of(batch);
    }

    private synchronized void send(DemoMessage message) {
        console().out().bytes(message.encode()).flush();
    }
}
