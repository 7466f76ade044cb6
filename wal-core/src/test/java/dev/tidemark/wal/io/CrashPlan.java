package dev.tidemark.wal.io;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Which of the states that a loss of power may leave behind is to be taken. The same plan for the same operations gives the
 * same state, and {@link #toString()} says how to make the plan again.
 */
public final class CrashPlan {

    /** How the open questions are answered. */
    private enum Style {
        /** Nothing that was not forced has reached the disk. */
        NOTHING,
        /** Everything has. */
        EVERYTHING,
        /** Each sector, size and name by itself. */
        EACH_BY_ITSELF,
        /** All that was done up to some operation, and nothing after it. */
        IN_ORDER,
        /** Whole operations, in any order. */
        WHOLE_OPERATIONS,
        /** All that was done before some operation; of that one, any part. */
        TORN,
        /** Everything but one detail. */
        ALL_BUT_ONE,
        /** One detail and nothing else. */
        ONLY_ONE,
        /** The given answers. */
        SCRIPT
    }

    private static final Style[] SAMPLED = {
        Style.EACH_BY_ITSELF,
        Style.EACH_BY_ITSELF,
        Style.IN_ORDER,
        Style.WHOLE_OPERATIONS,
        Style.TORN,
        Style.ALL_BUT_ONE,
        Style.ONLY_ONE
    };

    private final NameRule rule;
    private final boolean withRemains;
    private final Style style;
    private final long seed;
    private final int[] script;

    private CrashPlan(NameRule rule, boolean withRemains, Style style, long seed, int... script) {
        this.rule = rule;
        this.withRemains = withRemains;
        this.style = style;
        this.seed = seed;
        this.script = script;
    }

    /** Nothing survives but what was forced, and names whose directory was forced. */
    public static CrashPlan keepNothing() {
        return keepNothing(NameRule.DIRECTORY_FORCE);
    }

    /** Nothing survives but what was forced. */
    public static CrashPlan keepNothing(NameRule rule) {
        return new CrashPlan(rule, false, Style.NOTHING, 0);
    }

    /** Everything has reached the disk, forced or not. */
    public static CrashPlan keepEverything() {
        return keepEverything(NameRule.DIRECTORY_FORCE);
    }

    /** Everything has reached the disk; the rule for names makes no difference to the state. */
    public static CrashPlan keepEverything(NameRule rule) {
        return new CrashPlan(rule, false, Style.EVERYTHING, 0);
    }

    /** Some state, under either rule for names, with zeros or remains in fresh space: all drawn from the seed. */
    public static CrashPlan random(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        NameRule rule = random.nextBoolean() ? NameRule.ANY_FORCE : NameRule.DIRECTORY_FORCE;
        return random(rule, random.nextBoolean(), random.nextLong());
    }

    /** Some state, drawn from the seed. */
    public static CrashPlan random(NameRule rule, boolean withRemains, long seed) {
        return new CrashPlan(rule, withRemains, SAMPLED[new SplittableRandom(seed).nextInt(SAMPLED.length)], seed);
    }

    /** The state that these answers lead to; missing answers are 0, the oldest. */
    public static CrashPlan script(NameRule rule, boolean withRemains, int... answers) {
        return new CrashPlan(rule, withRemains, Style.SCRIPT, 0, answers.clone());
    }

    /** When names are durable. */
    public NameRule rule() {
        return rule;
    }

    DiskState applyTo(DiskState before) {
        return PowerLoss.of(before, rule, withRemains, choicesFor(before));
    }

    private CrashChoices choicesFor(DiskState before) {
        SplittableRandom random = new SplittableRandom(seed);
        switch (style) {
            case NOTHING:
                return new Answers(random, 0) {
                    @Override
                    public int among(long[] operations) {
                        return 0;
                    }
                };
            case EVERYTHING:
                return newest(random);
            case EACH_BY_ITSELF:
                return new Answers(random, 50) {
                    @Override
                    public int among(long[] operations) {
                        return random.nextInt(operations.length);
                    }
                };
            case IN_ORDER:
                return upTo(random, false, survey(before));
            case TORN:
                return upTo(random, true, survey(before));
            case WHOLE_OPERATIONS:
                return wholeOperations(random);
            case ALL_BUT_ONE:
                return exceptOne(random, true, survey(before));
            case ONLY_ONE:
                return exceptOne(random, false, survey(before));
            case SCRIPT:
                return new Script(script);
        }
        throw new AssertionError(style);
    }

    /** How many questions there are, and which operations they are about, if the newest is chosen each time. */
    private Survey survey(DiskState before) {
        Survey survey = new Survey();
        PowerLoss.of(before, rule, withRemains, survey);
        return survey;
    }

    /** How many ways there are to answer all questions about a state, if the newest is chosen each time but one. */
    static long answers(DiskState before, NameRule rule) {
        Survey survey = new Survey();
        PowerLoss.of(before, rule, false, survey);
        return survey.answers;
    }

    private static CrashChoices newest(SplittableRandom random) {
        return new Answers(random, 0) {
            @Override
            public int among(long[] operations) {
                return operations.length - 1;
            }
        };
    }

    private static CrashChoices upTo(SplittableRandom random, boolean torn, Survey survey) {
        long last = survey.operations.isEmpty() ? -1 : survey.operations.get(random.nextInt(survey.operations.size()));
        return new Answers(random, 50) {
            @Override
            public int among(long[] operations) {
                int answer = 0;
                for (int i = 1; i < operations.length; i++) {
                    boolean kept = operations[i] < last || operations[i] == last && (!torn || random.nextBoolean());
                    answer = kept ? i : answer;
                }
                return answer;
            }
        };
    }

    private static CrashChoices wholeOperations(SplittableRandom random) {
        long salt = random.nextLong();
        return new Answers(random, 50) {
            @Override
            public int among(long[] operations) {
                int answer = 0;
                for (int i = 1; i < operations.length; i++) {
                    answer =
                            new SplittableRandom(salt ^ operations[i] * 0x9E3779B97F4A7C15L).nextBoolean() ? i : answer;
                }
                return answer;
            }
        };
    }

    private static CrashChoices exceptOne(SplittableRandom random, boolean newestElsewhere, Survey survey) {
        int exception = random.nextInt(Math.max(1, survey.questions));
        return new Answers(random, 50) {
            private int question;

            @Override
            public int among(long[] operations) {
                boolean newest = newestElsewhere ^ question++ == exception;
                return newest ? operations.length - 1 : 0;
            }
        };
    }

    @Override
    public String toString() {
        String remains = withRemains ? ", true" : ", false";
        switch (style) {
            case NOTHING:
                return "CrashPlan.keepNothing(" + rule + ")";
            case EVERYTHING:
                return "CrashPlan.keepEverything(" + rule + ")";
            case SCRIPT:
                return "CrashPlan.script(" + rule + remains
                        + Arrays.stream(script)
                                .mapToObj(answer -> ", " + answer)
                                .reduce("", String::concat) + ")";
            default:
                return "CrashPlan.random(" + rule + remains + ", " + seed + "L)";
        }
    }

    private abstract static class Answers implements CrashChoices {
        private final SplittableRandom random;
        private final int remainsPercent;

        Answers(SplittableRandom random, int remainsPercent) {
            this.random = random;
            this.remainsPercent = remainsPercent;
        }

        @Override
        public boolean remains() {
            return random.nextInt(100) < remainsPercent;
        }

        @Override
        public int any(int bound) {
            return random.nextInt(bound);
        }
    }

    private static final class Survey implements CrashChoices {
        int questions;
        long answers = 1;
        final List<Long> operations = new ArrayList<>();

        @Override
        public int among(long[] options) {
            questions++;
            answers = Math.min(answers * options.length, Integer.MAX_VALUE);
            for (long operation : options) {
                if (operation >= 0 && (operations.isEmpty() || operations.get(operations.size() - 1) != operation)) {
                    operations.add(operation);
                }
            }
            return options.length - 1;
        }

        @Override
        public boolean remains() {
            return false;
        }

        @Override
        public int any(int bound) {
            return 0;
        }
    }

    /** Given answers, then 0; it notes how many options each question had, so that the next script can be found. */
    static final class Script implements CrashChoices {
        private final int[] answers;
        int asked;
        int[] options = new int[16];

        Script(int[] answers) {
            this.answers = answers;
        }

        @Override
        public int among(long[] operations) {
            return next(operations.length);
        }

        @Override
        public boolean remains() {
            return next(2) == 1;
        }

        @Override
        public int any(int bound) {
            // Not a question: which remains they are does not multiply the states.
            return 0;
        }

        private int next(int count) {
            if (asked == options.length) {
                options = Arrays.copyOf(options, asked * 2);
            }
            options[asked] = count;
            int answer = asked < answers.length ? Math.min(answers[asked], count - 1) : 0;
            asked++;
            return answer;
        }

        /** The answers that follow these in the order of all, or null after the last. */
        static int @Nullable [] following(int[] answers, Script used) {
            int[] next = Arrays.copyOf(answers, used.asked);
            for (int i = used.asked - 1; i >= 0; i--) {
                if (next[i] + 1 < used.options[i]) {
                    next[i]++;
                    return Arrays.copyOf(next, i + 1);
                }
            }
            return null;
        }
    }
}
