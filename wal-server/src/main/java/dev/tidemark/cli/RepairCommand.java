package dev.tidemark.cli;

import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.engine.StoreRepair;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.partition.RepairOutlook;
import dev.tidemark.wal.partition.RepairOutlook.ChangedFile;
import dev.tidemark.wal.partition.RepairOutlook.Hindered;
import dev.tidemark.wal.partition.RepairOutlook.LostRecords;
import dev.tidemark.wal.partition.RepairOutlook.Proposed;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Gives up what is damaged, so that the rest of a partition can be used again. */
@Command(
        name = "repair",
        mixinStandardHelpOptions = true,
        description = {
            "Gives up what is damaged in a store, so that the rest can be used again: copies each damaged file aside, puts on record which records are lost, "
                    + "and mends the files. Says before what will be lost, and asks.",
            "Opens the store for this process alone, but for --dry-run, which changes nothing. A backup is the better way, if there is one."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  wal repair --data data --dry-run",
            "  wal repair --data data orders-0",
            "  wal repair --data data --yes --json"
        })
final class RepairCommand extends ConsoleCommand {
    @Mixin
    private final StoreOption store = new StoreOption();

    @Parameters(paramLabel = "PARTITION", arity = "0..*", description = "Only these partitions. Default: all.")
    private List<PartitionId> partitions = List.of();

    @Option(names = "--dry-run", description = "Say what would be done and lost, and change nothing.")
    private boolean isDryRun;

    @Option(names = "--yes", description = "Do not ask.")
    private boolean isMeant;

    @Option(names = "--json", description = "Print one JSON object a line; needs --yes or --dry-run.")
    private boolean isJson;

    RepairCommand(Console console) {
        super(console);
    }

    @Override
    protected ExitCode execute() throws IOException {
        Path directory = StoreOption.existing(store.directory());
        boolean canAsk = console().canAsk() && !isJson;
        if (!isDryRun && !isMeant && !canAsk) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "USAGE",
                    "what is lost by a repair is lost for good: look at it with --dry-run, then say --yes",
                    "see 'wal repair --help'");
        }
        if (isDryRun) {
            requireNobodyWrites(directory);
        }
        try (StoreRepair repair = isDryRun
                ? StoreRepair.openToLook(directory, Environment.real())
                : StoreRepair.open(directory, Environment.real())) {
            List<RepairOutlook> outlooks = look(repair);
            outlooks.forEach(this::print);
            List<Proposed> proposed = outlooks.stream()
                    .filter(Proposed.class::isInstance)
                    .map(Proposed.class::cast)
                    .toList();
            boolean isDone = !isDryRun
                    && !proposed.isEmpty()
                    && (isMeant || console().isAnsweredYes("repair this? What is lost is lost for good."));
            if (isDone) {
                proposed.forEach(one -> carryOut(repair, one));
            } else if (!proposed.isEmpty() && !isJson) {
                out().line("nothing was changed");
            }
            return exitCode(outlooks, isDone || proposed.isEmpty());
        }
    }

    /** What is being written may look like damage to who holds no lock. */
    private static void requireNobodyWrites(Path directory) throws IOException {
        Optional<Owner> owner = Owner.of(directory).filter(Owner::isRunning);
        if (owner.isPresent()) {
            throw new CommandFailure(
                    ExitCode.LOCKED,
                    ErrorCode.STORE_LOCKED.name(),
                    "the store is in use: directory=" + directory + " by="
                            + owner.get().described(),
                    "stop that process first; 'wal verify' works beside it");
        }
    }

    private List<RepairOutlook> look(StoreRepair repair) {
        List<PartitionId> known = repair.partitions();
        for (PartitionId wanted : partitions) {
            if (!known.contains(wanted)) {
                throw StoreOption.unknown(wanted, known);
            }
        }
        List<RepairOutlook> outlooks = new ArrayList<>();
        for (PartitionId id : known) {
            if (partitions.isEmpty() || partitions.contains(id)) {
                outlooks.add(repair.look(id));
            }
        }
        return outlooks;
    }

    private void carryOut(StoreRepair repair, Proposed proposed) {
        PartitionRecovery.Quarantined done = repair.repair(proposed);
        RepairOutlook left = repair.look(proposed.partition());
        if (!(left instanceof RepairOutlook.Sound)) {
            throw new CommandFailure(
                    ExitCode.FAILED,
                    "UNEXPECTED",
                    "the partition is still damaged after its repair: partition=" + proposed.partition() + " keptIn="
                            + done.keptIn(),
                    "run 'wal repair' once more, and please report it; the copies hold what was there before");
        }
        if (isJson) {
            out().line(new Json()
                    .put("type", "repaired")
                    .put("partition", proposed.partition().toString())
                    .putEach("keptIn", done.keptIn(), item -> item.json().put("file", item.value()))
                    .toString());
        } else {
            String copies =
                    done.keptIn().isEmpty() ? "" : ", what was damaged is kept in " + String.join(", ", done.keptIn());
            out().line(proposed.partition() + ": repaired" + copies);
        }
    }

    // ---------------------------------------------------------------- what is said before

    private void print(RepairOutlook outlook) {
        if (isJson) {
            out().line(json(outlook));
            return;
        }
        if (outlook instanceof Proposed proposed) {
            print(proposed);
        } else if (outlook instanceof Hindered hindered) {
            out().line(outlook.partition() + ": "
                    + console().paint().red("cannot be repaired")
                    + ", " + hindered.why().getMessage());
        } else {
            out().line(outlook.partition() + ": nothing to repair");
        }
    }

    private void print(Proposed proposed) {
        long lost = records(proposed);
        out().line(proposed.partition() + ": "
                + console().paint().yellow(lost == 0 ? "nothing is lost" : Quantity.count(lost, "record") + " lost")
                + ", " + proposed.why());
        for (LostRecords one : proposed.lost()) {
            out().line(
                            "    lost   offsets=%d..%d file=%s at=%d bytes=%s",
                            one.firstOffset(),
                            one.endOffset(),
                            one.file(),
                            one.filePosition(),
                            one.bytes() < 0 ? "unknown" : Long.toString(one.bytes()));
        }
        for (ChangedFile file : proposed.files()) {
            out().line(
                            "    file   %s %s%s",
                            file.file(),
                            file.bytes() < 0 ? "" : "bytes=" + file.bytes() + " copied aside, then ",
                            file.change());
        }
        proposed.appendsGoOnAt().ifPresent(offset -> out().line("    appends go on at %d", offset));
    }

    private static long records(Proposed proposed) {
        return proposed.lost().stream()
                .mapToLong(one -> one.endOffset() - one.firstOffset())
                .sum();
    }

    private static String json(RepairOutlook outlook) {
        Json json = new Json()
                .put("type", "partition")
                .put("partition", outlook.partition().toString());
        if (outlook instanceof Hindered hindered) {
            return json.put("outlook", "hindered")
                    .put("code", hindered.why().code().name())
                    .put("message", String.valueOf(hindered.why().getMessage()))
                    .toString();
        }
        if (!(outlook instanceof Proposed proposed)) {
            return json.put("outlook", "sound").toString();
        }
        json.put("outlook", "damaged");
        proposed.row().ifPresent(row -> json.put("case", row.name()));
        json.put("why", proposed.why())
                .put("lostRecords", records(proposed))
                .putEach("lost", proposed.lost(), item -> putLost(item.json(), item.value()))
                .putEach("files", proposed.files(), item -> putFile(item.json(), item.value()));
        proposed.appendsGoOnAt().ifPresent(offset -> json.put("appendsGoOnAt", offset));
        return json.toString();
    }

    private static void putLost(Json json, LostRecords lost) {
        json.put("firstOffset", lost.firstOffset())
                .put("endOffset", lost.endOffset())
                .put("file", lost.file())
                .put("filePosition", lost.filePosition());
        if (lost.bytes() >= 0) {
            json.put("bytes", lost.bytes());
        }
    }

    private static void putFile(Json json, ChangedFile file) {
        json.put("file", file.file()).put("change", file.change());
        if (file.bytes() >= 0) {
            json.put("copiedBytes", file.bytes());
        }
    }

    // ---------------------------------------------------------------- how it ends

    /** The first that cannot be repaired decides; and then whether damage is left as it was. */
    private static ExitCode exitCode(List<RepairOutlook> outlooks, boolean isDone) {
        return outlooks.stream()
                .filter(Hindered.class::isInstance)
                .map(outlook -> ExitCode.of(((Hindered) outlook).why()))
                .findFirst()
                .orElse(isDone ? ExitCode.OK : ExitCode.DAMAGED);
    }
}
