using System.Text;

namespace PodExecutor.Driver.Job;

/// <summary>The job's variables by name, with $NAME and ${NAME} expanded in them and by them, as gitlab-runner does (os.Expand).</summary>
internal sealed class JobVariables
{
    // A variable that names itself would never end; GitLab stops there, too.
    private const int MaxDepth = 20;

    private readonly Dictionary<string, JobVariable> _variables = new(StringComparer.Ordinal);

    public JobVariables(IEnumerable<JobVariable> variables)
    {
        foreach (var variable in variables)
        {
            _variables[variable.Key] = variable;
        }
    }

    /// <summary>In no particular order, not expanded.</summary>
    public IEnumerable<JobVariable> All => _variables.Values;

    public string? Get(string name) => _variables.TryGetValue(name, out var variable) ? Value(variable, 0) : null;

    public bool IsTrue(string name) => Get(name)?.ToUpperInvariant() is "1" or "T" or "TRUE";

    public string Expand(string text) => Expand(text, 0);

    public string Value(JobVariable variable) => Value(variable, 0);

    private string Value(JobVariable variable, int depth) => variable.Raw ? variable.Value : Expand(variable.Value, depth + 1);

    private string Expand(string text, int depth)
    {
        if (depth > MaxDepth || !text.Contains('$', StringComparison.Ordinal))
        {
            return text;
        }

        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '$' || i + 1 == text.Length)
            {
                result.Append(text[i]);
                continue;
            }

            var (name, length) = Name(text.AsSpan(i + 1));
            if (length == 0)
            {
                result.Append('$');
            }
            else
            {
                result.Append(name is "$" ? "$" : _variables.TryGetValue(name, out var variable) ? Value(variable, depth) : "");
                i += length;
            }
        }

        return result.ToString();
    }

    private static (string Name, int Length) Name(ReadOnlySpan<char> rest)
    {
        if (rest[0] == '$')
        {
            return ("$", 1);
        }

        if (rest[0] == '{')
        {
            var close = rest.IndexOf('}');
            return close < 0 ? ("", 0) : (rest[1..close].ToString(), close + 1);
        }

        var end = 0;
        while (end < rest.Length && (char.IsAsciiLetterOrDigit(rest[end]) || rest[end] == '_'))
        {
            end++;
        }

        return (rest[..end].ToString(), end);
    }
}
