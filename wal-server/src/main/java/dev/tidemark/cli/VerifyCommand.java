package dev.tidemark.cli;

import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.partition.StoreVerifier;
import dev.tidemark.wal.partition.VerifiedPartition;
import dev.tidemark.wal.partition.VerifyFinding.Severity;
import dev.tidemark.wal.partition.VerifyReport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Reads every byte of a store and says what is wrong with it. */
@Command(
        name = "verify",
        mixinStandardHelpOptions = true,
        description = {
            "Reads everything in a store and says what is wrong with it, and where.",
            "Changes nothing and needs no lock: the store may be in use, left behind by a killed process, or damaged. "
                    + "The exit code tells the worst that was found."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  wal verify --data data",
            "  wal verify --data data orders-0 orders-1",
            "  wal verify --data data --json | grep '\"type\":\"finding\"'"
        })
final class VerifyCommand extends ConsoleCommand {
    /** What looks like a torn tail beside a live writer may be a write under way. It is not there for long. */
    private static final int MAX_LOOKS = 5;

    @Mixin
    private final StoreOption store = new StoreOption();

    @Parameters(paramLabel = "PARTITION", arity = "0..*", description = "Only these partitions. Default: all.")
    private List<PartitionId> partitions = List.of();

    @Option(names = "--json", description = "Print one JSON object a line.")
    private boolean isJson;

    VerifyCommand(Console console) {
        super(console);
    }

    @Override
    protected ExitCode execute() throws IOException {
        Path directory = StoreOption.existing(store.directory());
        requireKnown(directory);
        VerifyReport report = verify(directory, id -> partitions.isEmpty() || partitions.contains(id));
        for (int looks = 1; looks < MAX_LOOKS && isUndecided(report) && isInUse(directory); looks++) {
            report = lookAgain(directory, report);
        }
        if (isJson) {
            VerifyJson.print(report, out());
        } else {
            new VerifyText(out(), console().paint()).print(report);
        }
        return exitCode(report);
    }

    private VerifyReport verify(Path directory, Predicate<PartitionId> wanted) {
        try (ProgressBar bar = new ProgressBar(console(), "verify")) {
            return new StoreVerifier(Environment.real(), directory)
                    .reporting(bar::at)
                    .verify(wanted);
        }
    }

    private void requireKnown(Path directory) throws IOException {
        if (partitions.isEmpty()) {
            return;
        }
        List<PartitionId> known = StoreOption.partitions(directory);
        for (PartitionId wanted : partitions) {
            if (!known.contains(wanted)) {
                throw StoreOption.unknown(wanted, known);
            }
        }
    }

    // ---------------------------------------------------------------- beside a live writer

    private static boolean isInUse(Path directory) throws IOException {
        return Owner.of(directory).map(Owner::isRunning).orElse(false);
    }

    private static boolean isUndecided(VerifyReport report) {
        return report.worst().filter(worst -> worst == Severity.UNDECIDED).isPresent();
    }

    private VerifyReport lookAgain(Path directory, VerifyReport before) {
        Set<String> undecided = before.partitions().stream()
                .filter(VerifyCommand::isUndecided)
                .map(VerifiedPartition::partition)
                .collect(Collectors.toSet());
        VerifyReport again = verify(directory, id -> undecided.contains(id.toString()));
        List<VerifiedPartition> latest = Stream.concat(
                        before.partitions().stream().filter(partition -> !isUndecided(partition)),
                        again.partitions().stream())
                .sorted(Comparator.comparing(VerifiedPartition::partition))
                .toList();
        return new VerifyReport(latest, before.storeFindings(), before.nanos() + again.nanos());
    }

    private static boolean isUndecided(VerifiedPartition partition) {
        return partition.findings().stream().anyMatch(finding -> finding.severity() == Severity.UNDECIDED);
    }

    // ---------------------------------------------------------------- how it ends

    private static ExitCode exitCode(VerifyReport report) {
        return report.worst().map(VerifyCommand::exitCode).orElse(ExitCode.OK);
    }

    private static ExitCode exitCode(Severity worst) {
        return switch (worst) {
            case DAMAGE -> ExitCode.DAMAGED;
            case UNREADABLE -> ExitCode.UNREADABLE;
            case NEWER -> ExitCode.NEWER;
            case UNDECIDED -> ExitCode.UNDECIDED;
            case NOTE -> ExitCode.OK;
        };
    }
}
