package dev.tidemark.cli;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.WalConfig;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.io.DiskEntry;
import dev.tidemark.wal.io.Environment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import picocli.CommandLine.Option;

/** The option {@code --data}, and what it opens. */
final class StoreOption {

    @Option(
            names = {"-d", "--data"},
            required = true,
            paramLabel = "DIR",
            description = "The directory of the store.")
    @SuppressWarnings("NullAway.Init") // required: set by picocli before the command runs
    private Path directory;

    /** For a command that takes the directory by another option. */
    static StoreOption of(Path directory) {
        StoreOption store = new StoreOption();
        store.directory = directory;
        return store;
    }

    Path directory() {
        return directory;
    }

    /** Opens the store without its lock, changing nothing; it may be in use by another process. */
    Wal openToRead() {
        return Wal.open(WalConfig.builder(existing(directory))
                .readOnly(true)
                .createIfMissing(false)
                .build());
    }

    /** Opens the store for this process alone. A directory that is absent or empty becomes a store. */
    Wal openToWrite() {
        return Wal.open(Files.exists(directory) ? existing(directory) : directory);
    }

    /** Opens a store that must be there for this process alone. */
    Wal openExistingToWrite(UnaryOperator<WalConfig.Builder> more) {
        return Wal.open(more.apply(WalConfig.builder(existing(directory)).createIfMissing(false))
                .build());
    }

    /** The directory of a store, which must be there. */
    static Path existing(Path directory) {
        return existing(directory, "--data names the directory that holds the store; 'wal produce' makes a new one");
    }

    /**
     * A directory that must be there.
     *
     * @param hint what to do if it is not
     */
    static Path existing(Path directory, String hint) {
        if (!Files.isDirectory(directory)) {
            throw new CommandFailure(
                    ExitCode.NOT_FOUND,
                    "STORE_UNKNOWN",
                    (Files.exists(directory) ? "not a directory: directory=" : "no such directory: directory=")
                            + directory,
                    hint);
        }
        return directory;
    }

    /** The partitions in a store's directory, without opening it. */
    static List<PartitionId> partitions(Path directory) throws IOException {
        return Environment.real().disk().list(directory).stream()
                .filter(DiskEntry::directory)
                .flatMap(entry -> Names.parsePartitionDirectory(entry.name()).stream())
                .toList();
    }

    /** A partition that must be there. */
    static LocalPartition existing(Wal wal, PartitionId id) {
        if (wal.partitions().contains(id)) {
            return wal.partition(id);
        }
        throw unknown(id, wal.partitions());
    }

    /** The error for a partition that is not there, with those that may have been meant. */
    static CommandFailure unknown(PartitionId id, List<PartitionId> known) {
        List<String> near = NearNames.of(
                id.toString(), known.stream().map(PartitionId::toString).toList());
        return new CommandFailure(
                ExitCode.NOT_FOUND,
                "PARTITION_UNKNOWN",
                "no such partition: partition=" + id + " partitions=" + known.size(),
                near.isEmpty()
                        ? "'wal stat --data DIR' lists those there are"
                        : "did you mean " + String.join(", ", near) + '?');
    }
}
