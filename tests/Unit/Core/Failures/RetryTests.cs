using PodExecutor.Driver.Failures;

namespace PodExecutor.Tests.Unit.Core.Failures;

/// <summary>The one retry, on a clock that jumps over its waits.</summary>
public sealed class RetryTests
{
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(120);

    private readonly PromptTime _time = new(TimeSpan.FromHours(1));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Call_QuietForLongerThanTheBudget_IsTriedAgain()
    {
        var calls = 0;

        var result = await new Retry(Budget, _time).RunAsync(
            _ =>
            {
                if (++calls > 1)
                {
                    return Task.FromResult("opened again");
                }

                _time.Advance(Budget * 10);
                throw new Passing();
            },
            Token);

        Assert.Equal("opened again", result);
    }

    [Fact]
    public async Task Call_QuietForLongerThanTheBudget_HasAllOfItAfterwards()
    {
        var first = true;
        var begin = TimeSpan.Zero;

        await Assert.ThrowsAsync<Passing>(() => new Retry(Budget, _time).RunAsync<bool>(
            _ =>
            {
                if (first)
                {
                    first = false;
                    _time.Advance(Budget * 3);
                    begin = _time.Now;
                }

                throw new Passing();
            },
            Token));

        Assert.Equal(Budget, _time.Now - begin);
    }

    [Fact]
    public async Task Call_FailingAlways_EndsWithTheBudgetAndItsOwnException()
    {
        var calls = 0;

        await Assert.ThrowsAsync<Passing>(() => new Retry(Budget, _time).RunAsync<bool>(_ => throw new Passing { Number = ++calls }, Token));

        Assert.Equal(Budget, _time.Now);
        Assert.InRange(calls, 24, 60);
    }

    [Fact]
    public async Task Progress_BetweenFailures_ForgetsThem()
    {
        var calls = 0;

        await new Retry(Budget, _time).RunAsync(
            (progress, _) =>
            {
                progress();
                _time.Advance(Budget * 0.9);
                return ++calls < 10 ? throw new Passing() : Task.FromResult(true);
            },
            null,
            Token);

        Assert.Equal(10, calls);
        Assert.All(_time.Waits, wait => Assert.InRange(wait.TotalMilliseconds, 50, 100));
    }

    [Fact]
    public async Task Calls_LongerThanTheBudgetEach_AreTriedAgainOnce()
    {
        var calls = 0;

        await Assert.ThrowsAsync<Passing>(() => new Retry(Budget, _time).RunAsync<bool>(
            _ =>
            {
                calls++;
                _time.Advance(Budget * 2);
                throw new Passing();
            },
            Token));

        Assert.Equal(2, calls);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(20)]
    public async Task RetryAfter_OfTheServer_IsKeptAndSpread(int seconds)
    {
        var asked = TimeSpan.FromSeconds(seconds);
        var calls = 0;

        await new Retry(Budget, _time).RunAsync(_ => ++calls < 4 ? throw new Passing { Asked = asked } : Task.FromResult(true), Token);

        Assert.Equal(3, _time.Waits.Count);
        Assert.All(_time.Waits, wait => Assert.InRange(wait, asked, (asked * 1.5) + TimeSpan.FromSeconds(1)));
        Assert.Equal(3, _time.Waits.Distinct().Count());
    }

    [Fact]
    public async Task RetryAfter_BeyondTheBudget_IsNotWaitedFor()
    {
        var calls = 0;

        await Assert.ThrowsAsync<Passing>(() => new Retry(Budget, _time).RunAsync<bool>(
            _ =>
            {
                calls++;
                throw new Passing { Asked = Budget * 2 };
            },
            Token));

        Assert.Equal((1, TimeSpan.Zero), (calls, _time.Now));
    }

    [Fact]
    public async Task Failure_ThatDoesNotPass_IsThrownAtOnce()
    {
        var calls = 0;

        await Assert.ThrowsAsync<Passing>(() => new Retry(Budget, _time).RunAsync<bool>(_ => throw new Passing { IsTransient = false, Number = ++calls }, Token));
        await Assert.ThrowsAsync<FormatException>(() => new Retry(Budget, _time).RunAsync<bool>(
            _ =>
            {
                calls++;
                throw new FormatException();
            },
            Token));

        Assert.Equal((2, 0), (calls, _time.Waits.Count));
    }

    [Fact]
    public async Task Budget_OfZero_TriesOnce()
    {
        var calls = 0;

        await Assert.ThrowsAsync<Passing>(() => new Retry(TimeSpan.Zero, _time).RunAsync<bool>(_ => throw new Passing { Number = ++calls }, Token));

        Assert.Equal(1, calls);
    }

    [Fact]
    public async Task Cancel_WhileItWaits_EndsTheWait()
    {
        var time = new PromptTime(TimeSpan.Zero);
        using var stop = new CancellationTokenSource();
        var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var run = new Retry(Budget, time).RunAsync<bool>(
            (_, _) => throw new Passing(),
            (_, _) =>
            {
                waiting.TrySetResult();
                return ValueTask.CompletedTask;
            },
            stop.Token);
        await waiting.Task.WaitAsync(Token);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run.WaitAsync(Token));
    }

    [Fact]
    public async Task Cancel_BeforeTheCall_CallsNothing()
    {
        var calls = 0;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new Retry(Budget, _time).RunAsync(_ => Task.FromResult(++calls), new CancellationToken(true)));

        Assert.Equal(0, calls);
    }

    [Fact]
    public async Task OnRetry_IsToldHowLongTheCallHasBeenFailing()
    {
        var told = new List<TimeSpan>();
        var calls = 0;
        _time.Advance(TimeSpan.FromHours(5));

        await new Retry(Budget, _time, () => 1).RunAsync(
            (_, _) => ++calls < 4 ? throw new Passing() : Task.FromResult(true),
            (_, failing) =>
            {
                told.Add(failing);
                return ValueTask.CompletedTask;
            },
            Token);

        Assert.Equal([0, 100, 300], told.Select(t => t.TotalMilliseconds));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public async Task Clients_AfterAnOutage_DoNotComeBackAtOnce(int retryAfterSeconds)
    {
        // 50 clients lose the server in the same instant; it is back after 20 s. Each has a clock and a seed of its own.
        var back = new List<TimeSpan>();
        for (var client = 0; client < 50; client++)
        {
            var time = new PromptTime(TimeSpan.FromHours(1));
            var random = new Random(client);
            await new Retry(Budget, time, random.NextDouble).RunAsync(
                _ => time.Now < TimeSpan.FromSeconds(20) ? throw new Passing { Asked = TimeSpan.FromSeconds(retryAfterSeconds) } : Task.FromResult(true), Token);
            back.Add(time.Now);
        }

        var most = back.Max(b => back.Count(o => o >= b && o < b + TimeSpan.FromMilliseconds(100)));
        Assert.InRange(most, 1, 10);
        Assert.InRange(back.Max() - back.Min(), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(10));
    }

#pragma warning disable CA1032, CA1064 // For these tests only.
    private sealed class Passing : Exception, ITransient
#pragma warning restore CA1032, CA1064
    {
        public int Number { get; init; }

        public TimeSpan? Asked { get; init; }

        public bool IsTransient { get; init; } = true;

        public TimeSpan? RetryAfter => Asked;
    }
}
