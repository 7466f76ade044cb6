package dev.tidemark.crashtest;

import dev.tidemark.cli.Quantity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Opens the log that a machine without power has left, and compares it with what the witness noted. */
final class WitnessCheck {
    static final String NAME = "witness";

    private WitnessCheck() {}

    static Checked run(Children children, Path directory, WitnessedRun witnessed) throws IOException {
        Map<String, Long> counts = Map.of("acknowledged", (long) witnessed.acknowledged());
        Path log = directory.resolve("log-" + witnessed.log());
        if (!Files.isDirectory(log)) {
            return Checked.judged(NAME, "nothing to read", counts, List.of("the log's directory is missing: " + log));
        }
        Reading reading = new Reading(witnessed.seed());
        try (TestChild child = children.start()) {
            child.send("read", log);
            Ending ending = child.hearOut(children.settings().patience(), message -> reading.add(message.body()));
            children.goOnUnlessStopped();
            if (ending.is(Ending.How.FAILED)) {
                return Checked.judged(
                        NAME,
                        "the log cannot be read",
                        counts,
                        List.of("the log cannot be opened, read and closed: " + ending.text()));
            }
            if (!ending.is(Ending.How.DONE)) {
                return Checked.failed(NAME, "while it read the log: " + ending.text());
            }
        } catch (AdapterFailureException e) {
            return Checked.failed(NAME, String.valueOf(e.getMessage()));
        }
        String text = Quantity.count(witnessed.acknowledged()) + " acknowledgements noted, "
                + Quantity.count(reading.count(), "record") + " read"
                + (witnessed.isEnded() ? "; the run had ended in order: no power was lost in the middle of it" : "");
        return Checked.judged(NAME, text, counts, witnessed.judge(reading));
    }
}
