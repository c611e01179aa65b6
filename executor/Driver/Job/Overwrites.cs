using System.Text.RegularExpressions;

namespace PodExecutor.Driver.Job;

/// <summary>
/// A job's KUBERNETES_ variables against the operator's rules. An empty rule makes the variable count for nothing; what breaks a
/// rule is refused. The texts are those of the built-in executor (executors/kubernetes/overwrites.go), which people search for.
/// </summary>
internal sealed class Overwrites(JobVariables variables, Decision decision)
{
    /// <summary>One text.</summary>
    /// <param name="field">As the built-in executor calls it in its messages.</param>
    /// <param name="setting">The operator's rule, for messages.</param>
    public string? Text(string field, string variable, string? value, Regex? allowed, string setting, Func<string, bool> isValid)
    {
        if (variables.Get(variable) is not { Length: > 0 } wanted)
        {
            return value;
        }

        if (allowed is null)
        {
            Ignored(variable, setting);
            return value;
        }

        if (!Matches(variable, wanted, allowed, setting))
        {
            return value;
        }

        if (!isValid(wanted))
        {
            Malformed(variable, wanted, $"a name in Kubernetes, which {field} must be");
            return value;
        }

        decision.Notices.Add($"\"{field}\" overwritten with \"{wanted}\"");
        return wanted;
    }

    /// <summary>Entries "key=value" of all variables that begin with a prefix, laid over the operator's.</summary>
    /// <param name="separator">Between key and value.</param>
    /// <param name="check">What is wrong with an entry, or null.</param>
    public SortedDictionary<string, string> Map(
        string field, string prefix, IReadOnlyDictionary<string, string> values, Regex? allowed, string setting, char separator, Func<string, string, string?> check)
    {
        var result = new SortedDictionary<string, string>(values.ToDictionary(), StringComparer.Ordinal);
        foreach (var variable in variables.All.Where(v => v.Key.StartsWith(prefix, StringComparison.Ordinal)).OrderBy(v => v.Key, StringComparer.Ordinal))
        {
            var wanted = variables.Value(variable);
            if (wanted.Length == 0)
            {
                continue;
            }

            if (allowed is null)
            {
                Ignored(variable.Key, setting);
                continue;
            }

            var cut = wanted.IndexOf(separator, StringComparison.Ordinal);
            if (!Matches(variable.Key, wanted, allowed, setting))
            {
                continue;
            }

            if (cut < 0)
            {
                Malformed(variable.Key, wanted, $"k{separator}v");
                continue;
            }

            var (key, value) = (wanted[..cut], wanted[(cut + 1)..]);
            if (check(key, value) is { } wrong)
            {
                decision.Refuse($"\"{field}\" cannot be overwritten with \"{wanted}\": {wrong}", $"the job's variable {variable.Key} = \"{wanted}\"", $"Correct {variable.Key}.");
                continue;
            }

            result[key] = value;
            decision.Notices.Add($"\"{field}\" \"{key}\" overwritten with \"{value}\"");
        }

        return result;
    }

    public void Ignored(string variable, string setting) =>
        decision.Notices.Add($"{variable} counts for nothing: the runner does not allow it (kubernetes.{setting} is empty)");

    private bool Matches(string variable, string wanted, Regex allowed, string setting)
    {
        if (allowed.IsMatch(wanted))
        {
            return true;
        }

        decision.Refuse(
            $"provided value \"{wanted}\" does not match \"{allowed}\"",
            $"the job's variable {variable}, against the runner's kubernetes.{setting}",
            $"Change {variable} to a value that is allowed, or remove it.");
        return false;
    }

    private void Malformed(string variable, string wanted, string pattern) => decision.Refuse(
        $"provided value \"{wanted}\" does not match \"{pattern}\"", $"the job's variable {variable}", $"Correct {variable}, or remove it.");
}
