using KVCluster.Worker.Serving.Decisions;

namespace KVCluster.Worker.Tests.Serving.Decisions;

public sealed class StepPlannerTests
{
    private readonly List<StepShare> _shares = [];

    [Fact]
    public void Decoding_turns_come_first_and_prompts_share_one_chunk()
    {
        Plan(64, 16, 8, Decode(), Prompt(100), Decode(), Prompt(100));
        Assert.Equal([(0, 1), (2, 1), (1, 8), (3, 8)], Rows());
    }

    [Fact]
    public void With_nobody_decoding_prompts_fill_the_step()
    {
        Plan(64, 16, 8, Prompt(100), Prompt(10));
        Assert.Equal([(0, 54), (1, 10)], Rows());
    }

    [Fact]
    public void A_higher_rank_takes_all_before_a_lower_one_gets_any()
    {
        Plan(64, 16, 8, Decode(), Prompt(100, rank: 0), Prompt(12, rank: 3), Prompt(100, rank: 3));
        Assert.Equal([(0, 1), (2, 8), (3, 8)], Rows());
        Plan(64, 16, 8, Decode(), Prompt(100, rank: 0), Prompt(12, rank: 3));
        Assert.Equal([(0, 1), (2, 12), (1, 4)], Rows());
    }

    [Fact]
    public void Over_many_steps_equal_prompts_get_equal_shares()
    {
        int[] left = [1000, 1000, 1000];
        int[] credit = new int[3];
        List<int> order = [0, 1, 2];
        var planner = new StepPlanner(64, 20, 8);
        for (int step = 0; step < 90; step++)
        {
            StepCandidate[] candidates = [new(1, true, 0, 0), .. order.Select(i => new StepCandidate(left[i], false, 0, credit[i]))];
            planner.Plan(candidates, _shares);
            int[] served = [.. _shares.Where(s => s.Index > 0 && s.Credit == 0).Select(s => order[s.Index - 1])];
            foreach (StepShare share in _shares.Where(s => s.Index > 0))
            {
                left[order[share.Index - 1]] -= share.Rows;
                credit[order[share.Index - 1]] = share.Credit;
            }

            Assert.Equal(20, _shares.Where(s => s.Index > 0).Sum(s => s.Rows));
            order = [.. order.Except(served), .. served];

            // A share and what was left of one, however many the steps.
            Assert.InRange(left.Max() - left.Min(), 0, 8 + 8);
        }
    }

    [Fact]
    public void A_short_prompt_ends_within_its_share_however_long_the_others_are()
    {
        Plan(64, 32, 16, Decode(), Prompt(5000), Prompt(16));
        Assert.Equal([(0, 1), (1, 16), (2, 16)], Rows());
    }

    [Fact]
    public void More_decoding_turns_than_rows_leave_a_part_to_prompts()
    {
        Plan(8, 4, 4, [.. Enumerable.Repeat(Decode(), 20), Prompt(100)]);
        Assert.Equal(6, _shares.Count(s => s.Index < 20));
        Assert.Equal(2, _shares.Single(s => s.Index == 20).Rows);
        Plan(8, 4, 4, [.. Enumerable.Repeat(Decode(), 20)]);
        Assert.Equal(8, _shares.Count);
    }

    [Fact]
    public void No_step_exceeds_its_rows_nor_a_turn_what_it_has()
    {
        var random = new Random(17);
        for (int round = 0; round < 2000; round++)
        {
            int rows = random.Next(1, 40);
            int chunk = random.Next(1, rows + 1);
            StepCandidate[] candidates = [.. Enumerable.Range(0, random.Next(1, 12)).Select(_ => random.Next(2) == 0
                ? Decode()
                : new StepCandidate(random.Next(1, 60), false, random.Next(3), random.Next(20)))];
            Plan(rows, chunk, random.Next(1, 20), candidates);
            Assert.NotEmpty(_shares);
            Assert.InRange(_shares.Sum(s => s.Rows), 1, rows);
            Assert.All(_shares, s => Assert.InRange(s.Rows, 1, candidates[s.Index].Rows));
            Assert.Equal(_shares.Count, _shares.Select(s => s.Index).Distinct().Count());
            bool decoding = candidates.Any(c => c.IsDecoding) && _shares.Any(s => candidates[s.Index].IsDecoding);
            int prompts = _shares.Where(s => !candidates[s.Index].IsDecoding).Sum(s => s.Rows);
            Assert.True(!decoding || prompts <= chunk, $"{prompts} prompt rows beside decoding ones, chunk {chunk}");
        }
    }

    private static StepCandidate Decode() => new(1, true, 0, 0);

    private static StepCandidate Prompt(int rows, int rank = 0) => new(rows, false, rank, 0);

    private void Plan(int rows, int chunk, int quantum, params StepCandidate[] candidates) =>
        new StepPlanner(rows, chunk, quantum).Plan(candidates, _shares);

    private IEnumerable<(int, int)> Rows() => _shares.Select(s => (s.Index, s.Rows));
}
