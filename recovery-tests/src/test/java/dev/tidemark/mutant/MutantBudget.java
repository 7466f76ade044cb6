package dev.tidemark.mutant;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** How much is tried, chosen by the property {@code tidemark.budget}. */
enum MutantBudget {
    /** So many that each promise's own tests fail against one, and each part of the harness catches a few. */
    SHORT,
    /** All of them, each against what its patch names. */
    NORMAL,
    /** All of them, each against every part in full. */
    LONG;

    /** How many that only the part of the harness speaks for, in the short form. */
    private static final int FEW_OF_A_PART = 2;

    static MutantBudget chosen() {
        return switch (System.getProperty("tidemark.budget", "normal")) {
            case "short" -> SHORT;
            case "long" -> LONG;
            default -> NORMAL;
        };
    }

    /** Those that are tried; always the same. */
    List<Mutant> of(List<Mutant> all) {
        if (this != SHORT) {
            return all;
        }
        List<Mutant> few = new ArrayList<>();
        Set<String> failed = new TreeSet<>();
        Map<Part, Integer> caught = new EnumMap<>(Part.class);
        for (Mutant mutant : all) {
            Part part = mutant.caughtBy().get(0).part();
            boolean isFirstToFailOne = failed.addAll(mutant.fails());
            if (isFirstToFailOne || (mutant.fails().isEmpty() && caught.getOrDefault(part, 0) < FEW_OF_A_PART)) {
                caught.merge(part, 1, Integer::sum);
                few.add(mutant);
            }
        }
        return few;
    }
}
