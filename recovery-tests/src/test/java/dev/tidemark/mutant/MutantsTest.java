package dev.tidemark.mutant;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.stress.ChildJvm;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The harness finds every engine that leaves one right thing undone, and nothing in the one that leaves none. {@code
 * docs/testing-mutants.md} says what is run, and how to add one.
 *
 * <p>{@code -Dtidemark.mutant=NAME} tries one of them, or several with commas between; {@link MutantBudget} says which else.
 */
@Timeout(43_200)
class MutantsTest {
    private static final Path ROOT = Path.of("..");

    @TempDir
    Path directory;

    private List<Mutant> chosen;
    private boolean isNamed;

    @BeforeEach
    void choose() throws Exception {
        List<Mutant> all = Mutant.all();
        Optional<List<String>> names =
                Optional.ofNullable(System.getProperty("tidemark.mutant")).map(text -> List.of(text.split(",")));
        isNamed = names.isPresent();
        chosen = isNamed
                ? all.stream()
                        .filter(mutant -> names.get().contains(mutant.name()))
                        .toList()
                : MutantBudget.chosen().of(all);
        assertThat(chosen).isNotEmpty();
    }

    @Test
    void everyPatchFitsTheSources() throws Exception {
        List<String> misfits = new ArrayList<>();
        for (Mutant mutant : Mutant.all()) {
            try {
                mutant.patch().applyBelow(ROOT);
            } catch (Patch.Misfit e) {
                misfits.add(mutant.name() + ": " + e.getMessage());
            }
        }
        assertThat(misfits).as("patches that do not fit the sources any more").isEmpty();
    }

    /** What a patch says, which any selection of mutants goes by. */
    @Test
    void eachPromisesOwnTest_isSaidToFailAgainstAMutantThatIsTried() throws Exception {
        if (!isNamed) {
            assertThat(chosen).flatExtracting(Mutant::fails).containsAll(TestsPart.promises());
        }
    }

    @Test
    void everyMutantIsCaughtByWhatItsPatchNames_andEachPromisesOwnTestFailsAgainstOne() throws Exception {
        long began = System.nanoTime();
        List<Judgement> judgements = judge();
        print(judgements, (System.nanoTime() - began) / 1e9);

        List<String> complaints = new ArrayList<>();
        judgements.forEach(judgement -> complaints.addAll(judgement.complaints()));
        assertThat(complaints).isEmpty();
        if (!isNamed) {
            Set<String> failed = new TreeSet<>();
            judgements.forEach(judgement -> failed.addAll(judgement.failedTests()));
            assertThat(failed)
                    .as("tests of promises that fail against some mutant")
                    .containsAll(TestsPart.promises());
        }
    }

    private List<Judgement> judge() throws Exception {
        MutantCompiler compiler = new MutantCompiler(ROOT, ChildJvm.classPath());
        List<Judgement> judgements = new ArrayList<>();
        try (Crew crew = new Crew(directory)) {
            List<Future<Judgement>> results = new ArrayList<>();
            for (Mutant mutant : chosen) {
                results.add(crew.submit(worker -> {
                    Judgement judgement = new Judgement(mutant);
                    String classes = compiler.compile(mutant, directory).toString();
                    if (MutantBudget.chosen() == MutantBudget.LONG) {
                        judgement.judgeByAll(classes, worker);
                    } else {
                        judgement.judge(classes, worker);
                    }
                    return judgement;
                }));
            }
            for (Future<Judgement> result : results) {
                judgements.add(result.get());
            }
        }
        return judgements;
    }

    /** Whatever catches a mutant passes against the engine as it is; otherwise it would catch everything. */
    @Test
    void theEngineAsItIs_passesAllThatCatchesMutants() throws Exception {
        Set<Mutant.Attempt> attempts = new LinkedHashSet<>();
        attempts.add(new Mutant.Attempt(Part.PROMISES, ""));
        for (Mutant mutant : chosen) {
            mutant.caughtBy().stream()
                    .filter(attempt -> attempt.part() != Part.PROMISES)
                    .forEach(attempts::add);
        }
        List<String> complaints = new ArrayList<>();
        try (Crew crew = new Crew(directory)) {
            Map<Mutant.Attempt, Future<Findings>> results = new LinkedHashMap<>();
            attempts.forEach(attempt -> results.put(attempt, crew.submit(worker -> worker.run("", attempt))));
            for (Map.Entry<Mutant.Attempt, Future<Findings>> result : results.entrySet()) {
                Findings findings = result.getValue().get();
                findings.failures().forEach(failure -> complaints.add(result.getKey() + ": " + failure));
                assertThat(findings.tried()).as("%s", result.getKey()).isPositive();
            }
        }
        assertThat(complaints).isEmpty();
    }

    private static void print(List<Judgement> judgements, double seconds) throws IOException, Patch.Misfit {
        StringBuilder text = new StringBuilder();
        text.append(String.format(
                "mutants: %d of %d tried in %.1f s%n",
                judgements.size(), Mutant.all().size(), seconds));
        for (Judgement judgement : judgements) {
            text.append(judgement.line())
                    .append("      ")
                    .append(judgement.words())
                    .append(System.lineSeparator());
        }
        Map<String, Long> caught = judgements.stream()
                .collect(groupingBy(
                        judgement -> judgement.caughtBy().map(Part::words).orElse("nothing"),
                        TreeMap::new,
                        counting()));
        text.append("  caught by: ").append(caught).append(System.lineSeparator());
        if (MutantBudget.chosen() == MutantBudget.LONG) {
            judgements.forEach(judgement -> text.append(judgement.fullLine()));
        }
        System.out.print(text);
    }
}
