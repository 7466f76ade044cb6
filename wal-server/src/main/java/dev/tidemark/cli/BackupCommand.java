package dev.tidemark.cli;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.BackupReport;
import dev.tidemark.wal.api.PartitionInfo;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Copies a store, in use or not, and reads the copy back. */
@Command(
        name = "backup",
        mixinStandardHelpOptions = true,
        description = {
            "Copies a store into another directory, and reads every byte of the copy back. Opening the copy is the restore.",
            "Changes nothing and needs no lock: the store may be in use. Without exit code 0 there is no backup, and the directory cannot be opened."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  wal backup --data data --to /backups/monday",
            "  wal backup --data data --to /backups/monday --json",
            "  wal stat --data /backups/monday"
        })
final class BackupCommand extends ConsoleCommand {

    @Mixin
    private final StoreOption store = new StoreOption();

    @Option(
            names = "--to",
            required = true,
            paramLabel = "DIR",
            description = "Where the copy goes: a directory that is absent or empty.")
    @SuppressWarnings("NullAway.Init") // required: set by picocli before the command runs
    private Path target;

    @Option(names = "--json", description = "Print one JSON object a line.")
    private boolean isJson;

    BackupCommand(Console console) {
        super(console);
    }

    @Override
    protected ExitCode execute() {
        BackupReport report;
        try (Wal wal = store.openToRead();
                ProgressBar bar = new ProgressBar(console(), "backup")) {
            long all =
                    wal.describe().stream().mapToLong(PartitionInfo::fileBytes).sum();
            long[] done = {0};
            report = wal.backup(target, bytes -> {
                done[0] += bytes;
                bar.at(done[0], Math.max(all, done[0]));
            });
        }
        if (isJson) {
            printJson(report);
        } else {
            print(report);
        }
        return ExitCode.OK;
    }

    private void printJson(BackupReport report) {
        for (BackupReport.PartitionBackup partition : report.partitions()) {
            out().line(new Json()
                    .put("type", "partition")
                    .put("partition", partition.partition())
                    .put("start", partition.start())
                    .put("end", partition.end())
                    .put("segments", partition.segments())
                    .put("bytes", partition.bytes())
                    .toString());
        }
        out().line(new Json()
                .put("type", "summary")
                .put("directory", report.directory().toString())
                .put("partitions", report.partitions().size())
                .put("bytes", report.bytes())
                .put("millis", report.nanos() / 1_000_000)
                .toString());
    }

    private void print(BackupReport report) {
        for (BackupReport.PartitionBackup partition : report.partitions()) {
            out().line(partition.partition() + " " + partition.start() + ".." + partition.end() + ": "
                    + Quantity.count(partition.end() - partition.start(), "record") + ", "
                    + Quantity.count(partition.segments(), "segment") + ", " + Quantity.bytes(partition.bytes()));
        }
        out().line("backed up to " + report.directory() + ": "
                + Quantity.count(report.partitions().size(), "partition") + ", " + Quantity.bytes(report.bytes())
                + ", read back and verified");
    }
}
