package dev.tidemark.crashtest;

import dev.tidemark.cli.ExitCode;
import dev.tidemark.cli.Json;
import dev.tidemark.cli.Output;
import dev.tidemark.cli.Paint;
import java.util.List;
import java.util.Locale;

/**
 * What all results together say, and no more than that.
 *
 * @param results what each test has found
 */
record Verdict(List<Checked> results) {

    ExitCode exitCode() {
        if (any(Checked.Result.BROKEN)) {
            return ExitCode.BROKEN;
        }
        return any(Checked.Result.FAILED) || !any(Checked.Result.HELD) ? ExitCode.UNTESTED : ExitCode.OK;
    }

    private boolean any(Checked.Result result) {
        return results.stream().anyMatch(found -> found.result() == result);
    }

    private boolean held(String test) {
        return results.stream().anyMatch(found -> found.test().equals(test) && found.result() == Checked.Result.HELD);
    }

    /** In a word: {@code held}, {@code broken} or {@code untested}. */
    String word() {
        return switch (exitCode()) {
            case OK -> "held";
            case BROKEN -> "broken";
            default -> "untested";
        };
    }

    /** What was shown, as far as it held. */
    String scope() {
        if (held(WitnessCheck.NAME)) {
            return "loss of power, if the power was really cut: all that the witness noted is there";
        }
        if (held(SimulatedRounds.POWER)) {
            return (held(KillRounds.NAME) ? "process crash; and " : "")
                    + "loss of power on a simulated disk, which says nothing about the disk of this machine (see --witness)";
        }
        return held(KillRounds.NAME)
                ? "process crash only: SIGKILL says nothing about loss of power"
                : "nothing about crashes";
    }

    void print(Output out, Paint paint) {
        out.newLine();
        String colored = exitCode() == ExitCode.OK ? paint.green(word()) : paint.red(word());
        out.line("verdict: " + paint.bold(colored) + sentence());
        out.line("shown:   " + scope());
    }

    private String sentence() {
        return switch (exitCode()) {
            case OK -> ". No test has found anything wrong";
            case BROKEN -> ". A promise of this log did not hold";
            default -> ". The log, or its adapter, did not do its part; nothing is said about what it promises";
        };
    }

    static void print(Checked result, Output out, Paint paint) {
        String word = switch (result.result()) {
            case HELD -> paint.green("held      ");
            case BROKEN -> paint.red("BROKEN    ");
            case FAILED -> paint.yellow("FAILED    ");
            case NOT_TESTED -> paint.faint("not tested");
        };
        out.line(String.format("  %-8s", result.test()) + word + "  " + result.text());
        for (String problem : result.problems()) {
            out.line("            " + paint.red("-") + " " + problem);
        }
        out.flush();
    }

    /** One object, on one line, with these fields in front. */
    String toJson(Json head) {
        return head.put("verdict", word())
                .put("exitCode", exitCode().number())
                .put("shown", scope())
                .putEach("tests", results, item -> test(item.value(), item.json()))
                .toString();
    }

    private static void test(Checked result, Json json) {
        json.put("test", result.test())
                .put("result", result.result().name().toLowerCase(Locale.ROOT))
                .put("text", result.text());
        Json counts = new Json();
        result.counts().forEach(counts::put);
        json.raw("counts", counts.toString());
        StringBuilder problems = new StringBuilder("[");
        for (String problem : result.problems()) {
            problems.append(problems.length() > 1 ? "," : "").append(Json.quoted(problem));
        }
        json.raw("problems", problems.append(']').toString());
    }
}
