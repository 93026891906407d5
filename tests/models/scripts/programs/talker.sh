# A training script in another language. $1 is the seed, $2 the environment.
[ "$1" = 7 ] && [ "$2" = "a name" ] || exit 1
for step in 10 20 30; do
  echo "{\"step\": $step, \"reward\": $((step / 2)).0}"
done
