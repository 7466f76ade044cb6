package dev.tidemark.cli;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.Partition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Lists, makes and deletes partitions. */
@Command(
        name = "partitions",
        mixinStandardHelpOptions = true,
        description = {
            "Lists the partitions of a store; makes some; or deletes some, for good, also damaged ones.",
            "Listing reads only: the store may be in use. The others open it for this process alone, or ask a server."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  wal partitions --data data",
            "  wal partitions --data data create orders-0 orders-1",
            "  wal partitions --server localhost:7878",
            "  wal partitions --data data delete orders-1 --yes"
        })
final class PartitionsCommand extends ConsoleCommand {

    @Mixin
    private final LogOption logs = new LogOption();

    @Parameters(
            index = "0",
            arity = "0..1",
            defaultValue = "list",
            paramLabel = "ACTION",
            description = "One of ${COMPLETION-CANDIDATES}; default: ${DEFAULT-VALUE}.")
    private Action action = Action.LIST;

    @Parameters(
            index = "1..*",
            arity = "0..*",
            paramLabel = "PARTITION",
            description = "The partitions, such as orders-0.")
    private List<PartitionId> partitions = new ArrayList<>();

    @Option(names = "--yes", description = "Delete without asking any further.")
    private boolean isMeant;

    @Option(names = "--json", description = "Print an object a line.")
    private boolean isJson;

    /** What is to be done. */
    enum Action {
        LIST,
        CREATE,
        DELETE;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    PartitionsCommand(Console console) {
        super(console);
    }

    @Override
    protected ExitCode execute() {
        if (partitions.isEmpty() != (action == Action.LIST)) {
            throw usage(
                    action == Action.LIST
                            ? "list takes no partition, it shows them all"
                            : action + " needs a partition, or several");
        }
        switch (action) {
            case LIST -> list();
            case CREATE -> create();
            case DELETE -> delete();
        }
        return ExitCode.OK;
    }

    private static CommandFailure usage(String what) {
        return new CommandFailure(ExitCode.USAGE, "USAGE", what, "see 'wal partitions --help'");
    }

    private void list() {
        Optional<StoreOption> store = logs.store();
        if (store.isEmpty()) {
            listServer();
            return;
        }
        try (Wal wal = store.get().openToRead()) {
            for (PartitionInfo each : wal.describe()) {
                if (isJson) {
                    Json json = new Json()
                            .put("partition", each.id().toString())
                            .put("state", each.state().name())
                            .put("start", each.ends().start())
                            .put("end", each.ends().written())
                            .put("bytes", each.fileBytes())
                            .put("lostRecords", lostRecords(wal, each));
                    each.failure()
                            .ifPresent(
                                    failure -> json.put("code", failure.code().name()));
                    out().line(json.toString());
                } else {
                    out().line(each.id() + " "
                            + each.failure()
                                    .map(failure -> failure.code().name())
                                    .orElseGet(() -> inWords(wal, each)));
                }
            }
        }
    }

    /** A server tells what it holds; losses are on record in its store. */
    private void listServer() {
        try (Logs open = logs.openToRead()) {
            for (PartitionId id : open.partitions()) {
                PartitionInfo each = open.describe(id);
                if (isJson) {
                    Json json = new Json()
                            .put("partition", id.toString())
                            .put("state", each.state().name())
                            .put("start", each.ends().start())
                            .put("end", each.ends().written())
                            .put("bytes", each.fileBytes());
                    each.failure()
                            .ifPresent(
                                    failure -> json.put("code", failure.code().name()));
                    out().line(json.toString());
                } else {
                    out().line(id + " "
                            + each.failure()
                                    .map(failure -> failure.code().name())
                                    .orElseGet(() -> each.ends().start() + ".."
                                            + each.ends().written()));
                }
            }
        }
    }

    private static String inWords(Wal wal, PartitionInfo partition) {
        long lost = lostRecords(wal, partition);
        return partition.ends().start() + ".." + partition.ends().written()
                + (lost == 0 ? "" : ", " + Quantity.count(lost, "record") + " lost");
    }

    /** What is on record as lost behind the start of the log. */
    private static long lostRecords(Wal wal, PartitionInfo partition) {
        if (partition.failure().isPresent()) {
            return 0;
        }
        long start = partition.ends().start();
        return wal.partition(partition.id()).losses().stream()
                .mapToLong(lost -> Math.max(0, lost.endOffset() - Math.max(start, lost.firstOffset())))
                .sum();
    }

    private void create() {
        try (Logs open = logs.openToWrite()) {
            for (PartitionId id : partitions) {
                boolean isThere = open.partitions().contains(id);
                Partition made = open.partition(id);
                if (isJson) {
                    out().line(new Json()
                            .put("partition", made.id().toString())
                            .put("isNew", !isThere)
                            .toString());
                } else {
                    out().line(made.id() + (isThere ? " was there" : " made"));
                }
            }
        }
    }

    private void delete() {
        if (!isMeant) {
            throw usage("a deleted partition is gone for good, with all its records: say --yes");
        }
        try (Logs open = logs.openExistingToWrite()) {
            // All of them, before the first one goes.
            List<PartitionId> known = open.partitions();
            for (PartitionId id : partitions) {
                if (!known.contains(id)) {
                    throw StoreOption.unknown(id, known);
                }
            }
            for (PartitionId id : partitions) {
                long bytes = open.describe(id).fileBytes();
                open.delete(id);
                if (isJson) {
                    out().line(new Json()
                            .put("partition", id.toString())
                            .put("bytes", bytes)
                            .toString());
                } else {
                    out().line(id + " deleted, " + Quantity.bytes(bytes) + " freed");
                }
            }
        }
    }
}
