package dev.tidemark.cli;

import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.WalConfig;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Appends records from standard input or files. */
@Command(
        name = "produce",
        mixinStandardHelpOptions = true,
        description = {
            "Appends each line of standard input, or of files, to a partition.",
            "Opens the store for writing, so no other process may have it open; or sends to a server. Makes store and partition if they are not there.",
            "Ends when everything has been acknowledged at the durability asked for, and says so on standard error."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  seq 1000 | wal produce --data data orders-0",
            "  wal produce --data data orders-0 orders.csv --key-separator , --batch 500",
            "  wal produce --data data orders-0 --length-prefixed --durability WRITTEN < records.bin",
            "  seq 1000 | wal produce --server localhost:7878 orders-0"
        })
final class ProduceCommand extends ConsoleCommand {

    @Mixin
    private final LogOption logs = new LogOption();

    @Parameters(index = "0", paramLabel = "PARTITION", description = "The partition, such as orders-0.")
    @SuppressWarnings("NullAway.Init") // required: set by picocli before the command runs
    private PartitionId partition;

    @Parameters(index = "1..*", paramLabel = "FILE", description = "Files to read. Default: standard input.")
    private List<Path> files = List.of();

    @Option(
            names = "--length-prefixed",
            description =
                    "Each record stands behind its length in four bytes, the most significant first. Default: a record a line.")
    private boolean isLengthPrefixed;

    @Option(
            names = "--key-separator",
            paramLabel = "TEXT",
            description = "What stands before the first of these is the key. A record without one has no key.")
    private Optional<String> keySeparator = Optional.empty();

    @Option(
            names = "--batch",
            paramLabel = "N",
            description = "Append so many records at once; after a crash all of a batch is there or none. Default: 1.")
    private int batchRecords = 1;

    @Option(
            names = "--durability",
            paramLabel = "LEVEL",
            description =
                    "What an acknowledgement survives: SYNCED (loss of power), WRITTEN (end of this process), ACCEPTED (nothing). Default: SYNCED.")
    private Durability durability = Durability.SYNCED;

    ProduceCommand(Console console) {
        super(console);
    }

    @Override
    protected ExitCode execute() throws IOException {
        if (batchRecords < 1) {
            throw new CommandFailure(
                    ExitCode.USAGE, "USAGE", "a batch has at least one record: --batch=" + batchRecords, "");
        }
        for (Path file : files) {
            if (!Files.isReadable(file) || Files.isDirectory(file)) {
                throw new CommandFailure(
                        ExitCode.NOT_FOUND,
                        "FILE_UNKNOWN",
                        "no such file, or not readable: file=" + file,
                        "nothing was appended");
            }
        }
        Logs open = logs.openToWrite();
        // A command that waits for a line cannot notice; the store is closed in order all the same.
        try (InterruptGuard guard = new InterruptGuard(() -> {}, Duration.ofSeconds(1), open::close)) {
            try (open) {
                Producer producer = new Producer(
                        open.partition(partition),
                        durability,
                        batchRecords,
                        keySeparator.map(text -> text.getBytes(StandardCharsets.UTF_8)));
                produce(producer, guard);
            }
            return guard.isInterrupted() ? ExitCode.INTERRUPTED : ExitCode.OK;
        }
    }

    private void produce(Producer producer, InterruptGuard guard) throws IOException {
        try {
            readAll(producer, guard);
            producer.finish();
        } finally {
            producer.settleUpToTheFirstFailure();
            console().err().println(producer.summary(partition));
        }
    }

    private void readAll(Producer producer, InterruptGuard guard) throws IOException {
        // A server says for itself what is too large for it.
        int maxRecordBytes = WalConfig.of(
                        logs.store().map(StoreOption::directory).orElse(Path.of(".")))
                .largestAppendBytes();
        if (files.isEmpty()) {
            RecordSource source = new RecordSource(console().in(), "standard input", isLengthPrefixed, maxRecordBytes);
            produceAll(source, producer, guard, readBytes -> {});
            return;
        }
        long totalBytes = 0;
        for (Path file : files) {
            totalBytes += Files.size(file);
        }
        long allBytes = totalBytes;
        long before = 0;
        try (ProgressBar bar = new ProgressBar(console(), "produce")) {
            for (Path file : files) {
                long bytesBefore = before;
                try (InputStream in = Files.newInputStream(file)) {
                    RecordSource source = new RecordSource(in, file.toString(), isLengthPrefixed, maxRecordBytes);
                    produceAll(source, producer, guard, readBytes -> bar.at(bytesBefore + readBytes, allBytes));
                    before += source.bytesRead();
                }
            }
        }
    }

    private static void produceAll(RecordSource source, Producer producer, InterruptGuard guard, LongConsumer progress)
            throws IOException {
        Optional<byte[]> record = source.next();
        while (record.isPresent() && !guard.isInterrupted()) {
            producer.add(record.get());
            progress.accept(source.bytesRead());
            record = source.next();
        }
    }
}
